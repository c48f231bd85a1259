/** Whether a host's turn may be given to a pod that is ready for it. */

export type TurnGate =
  | { readonly kind: "open" }
  /** Not known yet: the pods beside it have not been looked at, or too long ago. */
  | { readonly kind: "unknown" }
  /** @property message why, and what is to be done */
  | { readonly kind: "closed"; readonly message: string };

export const OPEN_GATE: TurnGate = { kind: "open" };

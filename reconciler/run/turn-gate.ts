/** Whether a host's turn may be given to a pod that is ready for it. */
import type { ErrorCode } from "../../shared/errors.ts";

export type TurnGate =
  | { readonly kind: "open" }
  /** Not known yet: the pods beside it have not been looked at, or too long ago. */
  | { readonly kind: "unknown" }
  /** @property message why, and what is to be done; code: of a host that waited for it in vain, OLD_PODS_RUNNING when left out */
  | { readonly kind: "closed"; readonly message: string; readonly code?: ErrorCode };

export const OPEN_GATE: TurnGate = { kind: "open" };

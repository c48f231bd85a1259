/** What can be decided about a drill. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import type { DrillDatabase } from "./servers.ts";
import type { DrillStatus } from "./status.ts";

export type DrillDecision =
  | { readonly kind: "wait"; readonly why: string; readonly requeueAfterMs: number | undefined }
  /** The status alone changes: what follows from it comes with the next look. */
  | { readonly kind: "tell"; readonly status: DrillStatus }
  /** Plan servers for the databases, ask by a dry run whether there is room for all volumes, and write the status where there is. */
  | { readonly kind: "begin"; readonly status: DrillStatus; readonly databases: readonly DrillDatabase[] }
  | { readonly kind: "make-servers"; readonly deadlineSeconds: number }
  | { readonly kind: "make-restore" }
  | { readonly kind: "make-verify-job"; readonly deadlineSeconds: number }
  | { readonly kind: "make-script-job"; readonly deadlineSeconds: number }
  | {
      readonly kind: "order";
      readonly pod: { readonly name: string; readonly uid: string };
      readonly verify: NonNullable<HostRunSpec["verify"]>;
    }
  /** The exit code and last words of the script's container are read, and end the drill. */
  | { readonly kind: "end-script"; readonly status: DrillStatus }
  /** Removes what was made; when nothing is left, writes how it ended. */
  | { readonly kind: "clean-up"; readonly status: DrillStatus };

/** Waits end without an event, and clocks jump. */
export const LOOK_AGAIN_MS = 10_000;

export function wait(why: string, requeueAfterMs: number | undefined = LOOK_AGAIN_MS): DrillDecision {
  return { kind: "wait", why, requeueAfterMs };
}

/** Everything that conditions and phase of a backup invoker are computed from. */
import type { MemberConditions } from "../../shared/api/backup-batch.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { BackupInvokerView, BackupMemberView } from "../../shared/invoker/object.ts";
import type { ConditionFact } from "../../shared/status/conditions.ts";
import type { Lookup } from "./lookups.ts";
import type { SidecarFacts } from "./sidecar-condition.ts";

/** How the sessions of the invoker are triggered. */
export type TriggerFact =
  | { readonly kind: "InProcess" }
  /** The schedule can't be read or never fires. */
  | { readonly kind: "Invalid"; readonly message: string }
  | { readonly kind: "CronJob"; readonly name: string }
  | { readonly kind: "CronJobFailed"; readonly message: string };

export interface MemberStatusView {
  readonly member: BackupMemberView;
  readonly target: Lookup;
  /** Undefined where no sidecar does the work, or the workload isn't there. */
  readonly sidecar: SidecarFacts | undefined;
}

export interface InvokerStatusView {
  readonly invoker: BackupInvokerView;
  /** As the status has it. */
  readonly conditions: readonly ConditionFact[];
  readonly memberConditions: readonly MemberConditions[];
  readonly repository: Repository | undefined;
  /** Of the backend Secret; undefined when the Repository isn't there. */
  readonly secret: Lookup | undefined;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly trigger: TriggerFact;
  readonly members: readonly MemberStatusView[];
}

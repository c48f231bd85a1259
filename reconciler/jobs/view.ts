/** Everything that a job is planned from, as plain values. */
import type { AppBinding } from "../../shared/api/app-binding.ts";
import type { FunctionObject } from "../../shared/api/function.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { Task } from "../../shared/api/task.ts";
import type { LimitRange } from "../../shared/injection/limit-range.ts";
import type { InjectionSettings, NamespaceFacts } from "../../shared/injection/view.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import type {
  BackupInvokerKind,
  BackupMemberView,
  RestoreInvokerKind,
  RestoreMemberView,
} from "../../shared/invoker/object.ts";
import type { ChosenTask } from "../../shared/target/app-binding.ts";

/** The session or restore that a job works for, and that owns it. */
export interface JobOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface JobInvoker<Kind extends string> {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A Task with the Functions of its steps, in order. */
export interface ResolvedTask {
  readonly chosen: ChosenTask;
  readonly task: Task;
  /** One a step. */
  readonly functions: readonly FunctionObject[];
}

/** A PersistentVolumeClaim that is the target. */
export interface ClaimFact {
  readonly name: string;
  readonly accessModes: readonly string[];
}

/** A pod that mounts the claim, and is not on its way out. */
export interface ClaimUser {
  readonly pod: string;
  readonly nodeName: string;
  /** `{ spec }` of the pod, as it came. */
  readonly podTemplate: JsonObject;
  /** Names under which the pod's volumes hold the claim. */
  readonly volumeNames: readonly string[];
}

interface CommonView<Member, Kind extends string> {
  readonly settings: InjectionSettings;
  /** Of the owner. */
  readonly namespace: NamespaceFacts;
  /** Of that namespace. */
  readonly limitRanges: readonly LimitRange[];
  readonly owner: JobOwner;
  readonly invoker: JobInvoker<Kind>;
  readonly member: Member;
  readonly repository: Repository;
  /** Undefined for a restore into claim templates without a Task. */
  readonly task: ResolvedTask | undefined;
  /** Undefined when the target is none, or does not exist. */
  readonly appBinding: AppBinding | undefined;
  readonly claim: ClaimFact | undefined;
  readonly claimUsers: readonly ClaimUser[];
  /** When the job is ended whatever it does; undefined without a deadline. */
  readonly deadlineSeconds: number | undefined;
}

export interface BackupJobView extends CommonView<BackupMemberView, BackupInvokerKind> {
  readonly verb: "backup";
}

export interface RestoreJobView extends CommonView<RestoreMemberView, RestoreInvokerKind> {
  readonly verb: "restore";
  /** Of the PVCs made from claim templates; undefined without such templates. */
  readonly ordinal: number | undefined;
}

/** The work is the Repository's own: it is its own invoker, and has no data but the backend. */
export interface MaintenanceJobView extends CommonView<BackupMemberView, "Repository"> {
  readonly verb: "backup";
}

/** Looks at what a drill restored: as the job of a backup does at its volume. */
export interface DrillJobView extends CommonView<BackupMemberView, "BackupVerificationSession"> {
  readonly verb: "backup";
}

export type JobView = BackupJobView | RestoreJobView | MaintenanceJobView | DrillJobView;

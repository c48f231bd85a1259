/** Everything that an injection plan is computed from. */
import type { Repository } from "../api/repository.ts";
import type { BackupInvokerView, RestoreInvokerView } from "../invoker/object.ts";
import type { InjectionReason } from "../reasons.ts";
import type { DefaultResources } from "./container-resources.ts";
import type { LimitRange } from "./limit-range.ts";
import type { PullSecret } from "./pull-secrets.ts";
import type { TextMap, WorkloadFacts } from "./workload.ts";

/** Settings of the installation. */
export interface InjectionSettings {
  /** Image of the agent. */
  readonly image: string;
  /** Program to run where the image has no entry point of its own. */
  readonly command?: readonly string[];
  /** Puts the sidecar among the init-containers with `restartPolicy: Always`; for servers from 1.29. */
  readonly nativeSidecar: boolean;
  /** Whether the cluster's servers know such a sidecar; they do when undefined. */
  readonly supportsNative?: boolean;
  /** The image, where workload or namespace named one themselves. It changes the hash, so that it counts at once. */
  readonly pinnedImage?: string;
  /** A new image, or other default resources, change the hash, so that workloads are re-submitted at once and not at their next own change. */
  readonly followsImage: boolean;
  /** What our containers request and may use where nobody says otherwise; the product's own when undefined. */
  readonly resources?: DefaultResources;
  /** With which the image is pulled. */
  readonly pullSecrets?: readonly PullSecret[];
}

export interface NamespaceFacts {
  readonly name: string;
  readonly labels: TextMap;
  readonly annotations: TextMap;
}

/** A backup invoker with the Repository that it names, or undefined where that does not exist. */
export interface BackupSource {
  readonly invoker: BackupInvokerView;
  readonly repository: Repository | undefined;
}

/** A restore invoker, likewise. */
export interface RestoreSource {
  readonly invoker: RestoreInvokerView;
  readonly repository: Repository | undefined;
  /** Phase of the restore as its status has it; empty before the first. */
  readonly phase: string;
}

/** What a blueprint that the workload's annotation names makes of it, while the reconciler has not made it yet. */
export interface BlueprintSource {
  readonly source?: BackupSource;
  readonly problem?: InjectionProblem;
}

export interface InjectionView {
  readonly workload: WorkloadFacts;
  readonly namespace: NamespaceFacts;
  /** Backup invokers that name the workload, and the BackupBatch that its label names. */
  readonly backups: readonly BackupSource[];
  /** Blueprints whose BackupConfiguration does not exist yet. */
  readonly blueprints: readonly BlueprintSource[];
  /** Restore invokers that name the workload. */
  readonly restores: readonly RestoreSource[];
  readonly settings: InjectionSettings;
  /** Of the namespace. Defaults give way to them; no part of the hash. */
  readonly limitRanges?: readonly LimitRange[];
}

/** Something that keeps a container from being added, or that its owner should know. */
export interface InjectionProblem {
  readonly reason: InjectionReason;
  /** What is wrong on which object. */
  readonly message: string;
  /** What the user does next. */
  readonly next: string;
  /** The invoker whose member it is about, as formatInvoker() has it; undefined where it is the workload's. */
  readonly invoker?: string;
}

/** One line for warnings and denials. */
export function formatProblem(problem: InjectionProblem): string {
  return `${problem.message} (next: ${problem.next})`;
}

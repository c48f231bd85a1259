/** The informers that auto-backup looks at, as far as it asks them. */
import type { BackupBlueprint } from "../../shared/api/backup-blueprint.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import type { Informer } from "../../shared/kube/cache/informer.ts";
import type { WorkloadKind, WorkloadObject } from "../world/workload-object.ts";
import type { AnnotatedTarget } from "./annotated-target.ts";

export type Seen<T, I extends string = never> = Pick<
  Informer<T, I>,
  "get" | "list" | "byIndex" | "subscribe" | "unreadable"
>;

export interface AutoBackupWorld {
  readonly workloads: Readonly<Record<WorkloadKind, Pick<Seen<WorkloadObject>, "get" | "list" | "subscribe">>>;
  readonly annotated: Readonly<Record<AnnotatedTarget["kind"], Seen<AnnotatedTarget>>>;
  readonly blueprints: Seen<BackupBlueprint>;
  readonly namespaces: Seen<NamespaceFacts>;
  /** Index: targetKey() of the target. */
  readonly configurations: Pick<Seen<BackupConfiguration, "target">, "get" | "byIndex" | "subscribe">;
  readonly repositories: Seen<Repository>;
}

/** What auto-backup decides on: one target, what its blueprints make of it, and what is there already. */
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { BlueprintResult, BlueprintTarget } from "../../shared/invoker/blueprint.ts";

export interface AutoBackupTarget extends BlueprintTarget {
  readonly uid: string;
  readonly isBeingDeleted: boolean;
  /** It, or its namespace, says `inject: disabled`. */
  readonly isOptedOut: boolean;
}

/** One blueprint of a target: what it makes, or why it makes nothing. */
export interface BlueprintOutcome {
  readonly blueprint: string;
  /** Name of the BackupConfiguration, known also where nothing can be made. */
  readonly name: string;
  readonly made: BlueprintResult | { readonly problem: string };
}

export interface AutoBackupView {
  /** targetKey() of the target. */
  readonly key: string;
  readonly target: AutoBackupTarget | undefined;
  /** In the order of the annotation. */
  readonly outcomes: readonly BlueprintOutcome[];
  /** Those that name the target, and those that have a name that we want. */
  readonly configurations: readonly BackupConfiguration[];
  /** Those that have a name that we want. */
  readonly repositories: readonly Repository[];
}

/** Command lines of restic. Pure; no secret ever stands in them. */
import { Path } from "../../shared/contract.ts";

export interface CommonFlags {
  /** Of the backend. */
  readonly flags: readonly string[];
  readonly isCacheEnabled: boolean;
  readonly cacheFolder?: string;
}

export interface PriorityEnv {
  readonly niceAdjustment?: string;
  readonly ioniceClass?: string;
  readonly ioniceClassData?: string;
}

function cacheFlags(common: CommonFlags): string[] {
  return common.isCacheEnabled ? ["--cache-dir", common.cacheFolder ?? Path.ResticCache] : ["--no-cache"];
}

function repeated(flag: string, values: readonly string[]): string[] {
  return values.flatMap((value) => [flag, value]);
}

/** Puts `ionice` and `nice` before the program where the settings ask for them. */
export function withPriority(argv: readonly string[], env: PriorityEnv): readonly string[] {
  const nice = env.niceAdjustment ? ["nice", "-n", env.niceAdjustment] : [];
  const ionice = env.ioniceClass
    ? ["ionice", "-c", env.ioniceClass, ...(env.ioniceClassData ? ["-n", env.ioniceClassData] : [])]
    : [];
  return [...ionice, ...nice, ...argv];
}

export interface BackupArguments {
  readonly path: string;
  readonly host: string;
  readonly tags: readonly string[];
  readonly exclude: readonly string[];
  /** Further arguments of the user, taken as they are. */
  readonly args: readonly string[];
}

/** `restic backup` of one path. */
export function backupArguments(backup: BackupArguments, common: CommonFlags): readonly string[] {
  return [
    "backup",
    ...repeated("--tag", backup.tags),
    ...repeated("--exclude", backup.exclude),
    ...backup.args,
    // Of an option that comes twice restic takes the last.
    "--json",
    "--quiet=false",
    "--host",
    backup.host,
    ...common.flags,
    ...cacheFlags(common),
    ...(common.isCacheEnabled ? ["--cleanup-cache"] : []),
    "--",
    backup.path,
  ];
}

/** `restic snapshots` as JSON: all of them, since what is known of one may stand in another. */
export function snapshotsArguments(common: CommonFlags): readonly string[] {
  return ["snapshots", "--json", "--no-lock", ...common.flags, ...cacheFlags(common)];
}

export interface RestoreArguments {
  readonly snapshotId: string;
  readonly targetFolder: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Further arguments of the user, taken as they are. */
  readonly args: readonly string[];
  /** Our own. */
  readonly flags?: readonly string[];
  readonly isVerified: boolean;
}

/** `restic restore` of one snapshot. */
export function restoreArguments(restore: RestoreArguments, common: CommonFlags): readonly string[] {
  return [
    "restore",
    ...repeated("--include", restore.include),
    ...repeated("--exclude", restore.exclude),
    ...restore.args,
    "--target",
    restore.targetFolder,
    // It tells what was restored: in words, which all versions have.
    "--json=false",
    "--quiet=false",
    ...(restore.isVerified ? ["--verify"] : []),
    ...(restore.flags ?? []),
    ...common.flags,
    ...cacheFlags(common),
    "--",
    restore.snapshotId,
  ];
}

/** Any other command with its own flags. What stands behind `--` stays there: it is no flag. */
export function plainArguments(command: readonly string[], common: CommonFlags): readonly string[] {
  const at = command.indexOf("--");
  const end = at < 0 ? command.length : at;
  return [...command.slice(0, end), ...common.flags, ...cacheFlags(common), ...command.slice(end)];
}

import type { RestoredSnapshot } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import { isSwitchedOn } from "../../shared/repository/restic-flags.ts";
import { type ResolvedSnapshot, selectForHost } from "../../shared/target/restore-rules.ts";
import type { SnapshotSize } from "../restic/list-snapshot.ts";
import { clearExisting } from "./conflicts.ts";
import { nothingSelected } from "./count-selected.ts";
import { lookAtSnapshots } from "./look.ts";
import { parseRestoreLine } from "./messages.ts";
import type { HostRestore, HostRestorePorts } from "./order.ts";
import { errorsOfRestored, type ItemError, isDataWhole, itemWarnings, restoreFault } from "./outcome.ts";
import { addProgress, NO_PROGRESS, type RestoreProgress } from "./progress.ts";
import { gatherWrittenBytes } from "./written-bytes.ts";

export interface HostRestoreOutcome {
  readonly restored: readonly RestoredSnapshot[];
  readonly warnings: readonly string[];
  readonly failure: UserError | undefined;
}

interface Patterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** A host that the application did not have then begins empty. */
function nothingThen({ host, point }: HostRestore): string {
  return `recovery point ${point?.session ?? ""} is older than host ${host.hostname}: nothing was restored on it`;
}

/** Restores the host. Nothing is written before all wanted snapshots are known to exist and to be readable. */
export async function restoreHost(restore: HostRestore, ports: HostRestorePorts): Promise<HostRestoreOutcome> {
  const { restic, signal, log } = ports;
  const restored: RestoredSnapshot[] = [];
  const warnings: string[] = [];
  try {
    const selection = selectForHost(restore.rules, restore.host, restore.point);
    const seen = await lookAtSnapshots(restore, selection, ports);
    if (seen.length === 0) warnings.push(nothingThen(restore));
    signal.throwIfAborted();
    await ports.beforeWrite();
    let before = seen.reduce((sum, { size }) => addProgress(sum, totalOf(size)), NO_PROGRESS);
    let compared = 0;
    for (const { snapshot, size, conflicts, owners, isUncounted } of seen) {
      const tell = (done: Done) => ports.onProgress(addProgress(before, { ...NO_PROGRESS, ...done }));
      conflicts.clear();
      const told = { ...ports, tell };
      const flags = isUncounted ? ["--verify"] : [];
      const written = await restoreSnapshot(snapshot, size, { ...restore, flags }, selection, told);
      const { errors, isCompared } = written;
      compared += written.compared;
      before = addProgress(before, { ...NO_PROGRESS, bytesDone: size.bytes, filesDone: size.files });
      ports.onProgress(before);
      warnings.push(...itemWarnings(errors).map((line) => restic.clean(line)));
      if (!isCompared && isComparisonWanted(restore)) warnings.push(NOT_COMPARED);
      warnings.push(...[owners.warning()].filter((line) => line !== undefined));
      restored.push({
        id: snapshot.id,
        path: snapshot.paths.join(","),
        time: new Date(snapshot.time).toISOString(),
        sizeBytes: size.bytes,
        files: size.files,
      });
      log.info({ snapshot: snapshot.id.slice(0, 8), host: restore.host.hostname }, "snapshot restored");
      ports.onRestored(restored);
    }
    if (seen.length > 0 && compared === 0 && warnings.length === 0 && seen.every(({ isUncounted }) => isUncounted)) {
      throw nothingSelected(
        restore,
        seen.flatMap(({ snapshot }) => snapshot.paths),
      );
    }
    return { restored, warnings, failure: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { restored, warnings, failure: error };
  }
}

/** What is done of one snapshot. */
interface Done {
  readonly bytesDone: number;
  readonly filesDone: number;
}

function totalOf(size: SnapshotSize): RestoreProgress {
  return { ...NO_PROGRESS, bytesTotal: size.bytes, filesTotal: size.files };
}

const NOT_COMPARED =
  "the restored files were not compared with the snapshot: restic ends before it does where it could not set everything, be it of a folder above them";

function isComparisonWanted({ isVerified, args }: HostRestore): boolean {
  return isVerified || isSwitchedOn(args, "restore", "verify");
}

/** restic's words when it may not even write its lock: a repository that can be read can be restored from all the same. */
const NO_LOCK_WRITTEN =
  /(unable to create lock in backend: |Save\(<lock\/).*(permission denied|read-only file system|not permitted)/i;

interface Written {
  /** What could not be restored exactly but does not matter. */
  readonly errors: readonly ItemError[];
  /** Whether restic came to compare what it wrote, where it was asked to. */
  readonly isCompared: boolean;
  /** How many files it compared. */
  readonly compared: number;
}

/** @throws UserError when the data is not whole */
async function restoreSnapshot(
  snapshot: ResolvedSnapshot,
  size: SnapshotSize,
  restore: HostRestore & { readonly flags: readonly string[] },
  patterns: Patterns,
  ports: HostRestorePorts & { tell(done: Done): void },
): Promise<Written> {
  const { restic, signal } = ports;
  let errors: ItemError[] = [];
  let hasRestored = false;
  let compared = 0;
  const run = (flags: readonly string[]) => {
    errors = [];
    return restic.restore(
      {
        snapshotId: snapshot.id,
        targetFolder: restore.targetFolder,
        include: patterns.include,
        exclude: patterns.exclude,
        args: restore.args,
        flags: [...restore.flags, ...flags],
        isVerified: restore.isVerified,
      },
      {
        signal,
        onLine(line) {
          const message = parseRestoreLine(line);
          if (message.kind === "progress")
            ports.tell({ bytesDone: message.progress.bytesDone, filesDone: message.progress.filesDone });
          if (message.kind === "restored") hasRestored = true;
          if (message.kind === "compared") compared = message.files;
          if (message.kind === "item-error") errors.push({ item: message.item, text: message.text });
        },
        onStart: (pid) => watchWrites(pid, size, ports),
      },
    );
  };
  let exit = await ports.withLock(() => run([]));
  if (exit.tail.some((line) => NO_LOCK_WRITTEN.test(line))) exit = await run(["--no-lock"]);
  if (exit.code !== 0 && clearExisting(errors)) exit = await ports.withLock(() => run([]));
  const { paths } = snapshot;
  const isCompared = exit.code === 0;
  if (isCompared && !hasRestored) throw nothingTold(snapshot);
  if (isCompared || isDataWhole(errors, paths, exit)) {
    return { errors: errorsOfRestored(errors, paths), isCompared, compared };
  }
  const what = `restore of snapshot ${snapshot.id.slice(0, 8)}`;
  throw restoreFault(errors, restic.fault(what, exit), what);
}

/** Such as of a program that is none of restic's. */
function nothingTold({ id }: ResolvedSnapshot): UserError {
  const what = `restore of snapshot ${id.slice(0, 8)}: restic ended well without a word about what it restored`;
  return new UserError("RESTIC_FAILED", what, { next: "Read the container's log, and look which restic it runs." });
}

const WRITES_POLL_MS = 2_000;

/** restic before 0.16 does not tell its progress; what it wrote does. */
function watchWrites(pid: number, size: SnapshotSize, ports: { tell(done: Done): void }): () => void {
  const timer = setInterval(() => {
    const bytes = gatherWrittenBytes(pid);
    if (bytes !== undefined) ports.tell({ bytesDone: Math.min(bytes, size.bytes), filesDone: 0 });
  }, WRITES_POLL_MS);
  return () => clearInterval(timer);
}

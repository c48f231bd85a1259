/** restic on one repository: each command as a function. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Env } from "../../shared/contract.ts";
import { parseDuration } from "../../shared/duration.ts";
import type { Environment } from "../../shared/environment.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import {
  type BackupArguments,
  backupArguments,
  type CommonFlags,
  plainArguments,
  type RestoreArguments,
  restoreArguments,
  snapshotsArguments,
  withPriority,
} from "./arguments.ts";
import type { RepositoryAccess } from "./backend.ts";
import { isPassedOn } from "./environment.ts";
import { hopelessRequest, isRetry, resticFault, withoutSecrets } from "./fault.ts";
import { buildGoMemoryEnv } from "./memory.ts";
import { parseResticLine, type ResticMessage } from "./messages.ts";
import { findOpenedId } from "./opened-id.ts";
import { type ResticCall, type ResticExit, runProgram } from "./run.ts";
import { CacheGuard, gatherCacheLimit } from "./scratch.ts";
import { type ListOptions, listSnapshots, type SnapshotFilter } from "./snapshot-list.ts";
import type { Snapshot } from "./snapshots.ts";
import { STALL_LIMIT_MS } from "./stall.ts";

export interface ResticSettings {
  readonly access: RepositoryAccess;
  /** The agent's own environment; what runtimeSettings put there reaches restic. */
  readonly env: Environment;
  /** Writable folder for cache and temporary files. */
  readonly scratch: string;
  readonly isCacheEnabled: boolean;
  readonly memoryLimitBytes: number | undefined;
  /** Is told when the cache is given up, since it takes too much of the scratch volume. */
  onCacheFull?(bytes: number): void;
  /** Is told about each restic process, so that a restarted agent can find one that outlived it. */
  onStart?(pid: number): (isClean: boolean) => void;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly timeLimitMs?: number;
  /** How long restic may ask a backend again that does not answer; else as long as it likes, a quarter of an hour. */
  readonly retryPatienceMs?: number;
  /** The same, until a line tells of work: the repository is open then. */
  readonly openPatienceMs?: number;
  onMessage?(message: ResticMessage): void;
  /** Of both streams: what is said to people stands among it. */
  onLine?(line: string): void;
  /** Of standard output alone, where programs read. */
  onOutput?(line: string): void;
  /** As ResticSettings.onStart, for this call alone. */
  onStart?(pid: number): (isClean: boolean) => void;
  /** As in ResticCall. */
  readonly onStdin?: ResticCall["onStdin"];
  readonly onRawStdout?: ResticCall["onRawStdout"];
}

export interface Restic {
  readonly access: RepositoryAccess;
  backup(backup: BackupArguments, options: CallOptions): Promise<ResticExit>;
  restore(restore: RestoreArguments, options: CallOptions): Promise<ResticExit>;
  /**
   * Reads the list as it comes, and puts what verdicts say to the snapshots they speak of: none of them is in it.
   *
   * @throws UserError when restic can't list
   */
  snapshots(filter: SnapshotFilter, options?: CallOptions & ListOptions): Promise<readonly Snapshot[]>;
  /** Any other command; the caller reads its output line by line. */
  run(command: readonly string[], options: CallOptions): Promise<ResticExit>;
  /** restic's id of the repository that the last call has opened, by the cache; undefined where nothing tells. */
  openedId(): string | undefined;
  /** The error of a run that failed, cleaned of secrets. */
  fault(what: string, exit: ResticExit): UserError;
  clean(text: string): string;
}

/** A progress line each two seconds: often enough for a heartbeat each ten, and next to no work. */
const PROGRESS_FPS = "0.5";
/** Listing snapshots or reading the configuration takes seconds even on a slow backend. */
const SHORT_LIMIT_MS = 10 * 60_000;

function buildEnvironment(settings: ResticSettings, temporary: string): Environment {
  const own = Object.entries(settings.env).filter(([name]) => isPassedOn(name));
  return {
    ...buildGoMemoryEnv(settings.memoryLimitBytes),
    ...Object.fromEntries(own),
    RESTIC_PROGRESS_FPS: PROGRESS_FPS,
    TMPDIR: temporary,
    ...settings.access.env,
  };
}

/** @throws UserError CONFIGURATION_INVALID when the limit is no duration */
function readStallLimit(env: Environment): number {
  const text = env[Env.StallLimit];
  if (!text) return STALL_LIMIT_MS;
  try {
    return Math.max(0, parseDuration(text, Env.StallLimit));
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", messageOf(cause), { cause });
  }
}

/** Bytes and files that a line calls done; what it says besides, such as the time, is no progress. */
function progressOf(line: string): string | undefined {
  const message = parseResticLine(line);
  if (message?.kind !== "status") return undefined;
  return `${message.progress.bytesDone} ${message.progress.filesDone}`;
}

/** @throws UserError CONFIGURATION_INVALID when the scratch folder can't be written */
export function createRestic(settings: ResticSettings): Restic {
  const { access, scratch } = settings;
  const temporary = join(scratch, "tmp");
  const cacheFolder = join(scratch, "restic-cache");
  const { onCacheFull } = settings;
  const cache = new CacheGuard({
    folder: cacheFolder,
    limitBytes: gatherCacheLimit(settings.env),
    ...(onCacheFull !== undefined && { onFull: onCacheFull }),
  });
  const gatherCommon = async (): Promise<CommonFlags> => {
    if (settings.isCacheEnabled) await cache.look();
    return { flags: access.flags, isCacheEnabled: settings.isCacheEnabled && !cache.isGivenUp, cacheFolder };
  };
  try {
    mkdirSync(temporary, { recursive: true });
  } catch (cause) {
    throw new UserError("CONFIGURATION_INVALID", `the scratch folder ${scratch} can't be written`, { cause });
  }
  const env = buildEnvironment(settings, temporary);
  const priority = {
    niceAdjustment: settings.env[Env.NiceAdjustment] ?? "",
    ioniceClass: settings.env[Env.IoniceClass] ?? "",
    ioniceClassData: settings.env[Env.IoniceClassData] ?? "",
  };
  const program = settings.env[Env.Restic] || "restic";
  const stallLimitMs = readStallLimit(settings.env);
  let startedMs = 0;

  async function execute(
    argsWith: (common: CommonFlags) => readonly string[],
    options: CallOptions,
  ): Promise<ResticExit> {
    const args = argsWith(await gatherCommon());
    const endWatch = settings.isCacheEnabled ? cache.watch() : undefined;
    try {
      return await start(args, options);
    } finally {
      await endWatch?.();
    }
  }

  function start(args: readonly string[], options: CallOptions): Promise<ResticExit> {
    function take(line: string): void {
      const message = options.onMessage && parseResticLine(line);
      if (message !== undefined) options.onMessage?.(message);
      options.onLine?.(line);
    }
    startedMs = Date.now();
    return runProgram({
      argv: withPriority([program, ...args], priority),
      env,
      hopelessRequest,
      onStdout(line) {
        take(line);
        options.onOutput?.(line);
      },
      onStderr: take,
      onStart(pid) {
        const ends = [settings.onStart?.(pid), options.onStart?.(pid)];
        return (isClean) => {
          for (const end of ends) end?.(isClean);
        };
      },
      ...(options.signal && { signal: options.signal }),
      ...(options.timeLimitMs !== undefined && { timeLimitMs: options.timeLimitMs }),
      ...(stallLimitMs > 0 && { stall: { limitMs: stallLimitMs, progressOf } }),
      ...(options.retryPatienceMs !== undefined && { retries: { patienceMs: options.retryPatienceMs, isRetry } }),
      ...(options.openPatienceMs !== undefined && {
        retries: {
          patienceMs: options.openPatienceMs,
          isRetry,
          isOver: (line: string) => progressOf(line) !== undefined,
        },
      }),
      ...(options.onStdin && { onStdin: options.onStdin }),
      ...(options.onRawStdout && { onRawStdout: options.onRawStdout }),
    });
  }

  function fault(what: string, exit: ResticExit): UserError {
    const raw = resticFault(what, exit);
    return new UserError(raw.code, withoutSecrets(raw.message, access.secrets), {
      next: raw.next,
      retry: raw.retryable,
    });
  }

  return {
    access,
    backup: (backup, options) => execute((common) => backupArguments(backup, common), options),
    restore: (restore, options) => execute((common) => restoreArguments(restore, common), options),
    snapshots: (filter, { keep, onVerdicts, onUnmatched, ...options } = {}) =>
      listSnapshots(
        async (onRawStdout) => {
          const limits = { timeLimitMs: SHORT_LIMIT_MS, ...options, onRawStdout };
          const exit = await execute(snapshotsArguments, limits);
          if (exit.code !== 0) throw fault("list of snapshots", exit);
        },
        filter,
        { ...(keep && { keep }), ...(onVerdicts && { onVerdicts }), ...(onUnmatched && { onUnmatched }) },
      ),
    run: (command, options) => execute((common) => plainArguments(command, common), options),
    // A cache that is being emptied is touched by others than restic.
    openedId: () => (settings.isCacheEnabled && !cache.isGivenUp ? findOpenedId(cacheFolder, startedMs) : undefined),
    fault,
    clean: (text) => withoutSecrets(text, access.secrets),
  };
}

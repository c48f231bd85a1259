/**
 * Keeps restic's cache within the scratch volume. What lies there counts against the storage limits of the pod, and reaching one of them
 * evicts the application with it; a cache that is gone costs a few requests to the backend.
 */
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Env, SCRATCH_LIMIT } from "../../shared/contract.ts";
import type { Environment } from "../../shared/environment.ts";
import { readQuantity } from "../../shared/quantity.ts";

/** The rest is for temporary files, and for what restic writes between two looks. */
const CACHE_SHARE = 0.5;
const LOOK_EACH_MS = 1_000;

/** How much the cache may take, from the limits of the scratch volume and of what the container may store, in bytes. */
export function gatherCacheLimit(env: Environment): number {
  const limits = [SCRATCH_LIMIT, env[Env.ScratchLimit], env[Env.StorageLimit]].map((text) => readQuantity(text ?? ""));
  // Kubelets that don't know what their node holds say 0.
  const known = limits.filter((limit): limit is number => limit !== undefined && limit > 0);
  return Math.floor(Math.min(...known) * CACHE_SHARE);
}

/** Bytes on disk of all files of a folder; what vanishes meanwhile, or can't be looked into, counts as none. */
export async function measureBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  let bytes = 0;
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += await measureBytes(path);
    else
      bytes += await stat(path).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      );
  }
  return bytes;
}

/** By these restic knows the folder as its cache. */
const KEPT: readonly string[] = ["CACHEDIR.TAG", "version"];
/** A file that restic writes has such a name until it is whole. It fails when the file is gone before it gets its own. */
const UNFINISHED_PREFIX = "tmp-";
/** What nobody has written to for so long is of a restic that was killed. */
const ABANDONED_AFTER_MS = 60_000;

async function isBeingWritten(path: string, name: string): Promise<boolean> {
  if (!name.startsWith(UNFINISHED_PREFIX)) return false;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  return Date.now() - mtimeMs < ABANDONED_AFTER_MS;
}

/**
 * Removes the files of a cache but those that are being written. A restic that runs takes one that is gone for one that it never had; of folders that are gone restic 0.14
 * makes an error that it repeats for a quarter of an hour.
 */
export async function emptyCache(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await emptyCache(path);
    else if (!KEPT.includes(entry.name) && !(await isBeingWritten(path, entry.name)))
      await rm(path, { force: true }).catch(() => undefined);
  }
}

export interface CacheGuardOptions {
  readonly folder: string;
  readonly limitBytes: number;
  /** Is told when the cache is given up, with what it took. */
  onFull?(bytes: number): void;
  readonly lookEachMs?: number;
}

/** Gives restic's cache up when it grows too large: it is emptied, for as long as a restic goes on filling it, and later commands have none. */
export class CacheGuard {
  readonly #options: CacheGuardOptions;
  #isGivenUp = false;
  #look: Promise<void> | undefined;

  constructor(options: CacheGuardOptions) {
    this.#options = options;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Looks once, before a command. */
  look(): Promise<void> {
    this.#look ??= this.#lookOnce().finally(() => {
      this.#look = undefined;
    });
    return this.#look;
  }

  /** Looks again and again while a command runs. @returns ends it, and resolves when nothing is under way */
  watch(): () => Promise<void> {
    const timer = setInterval(() => void this.look(), this.#options.lookEachMs ?? LOOK_EACH_MS);
    timer.unref();
    return async () => {
      clearInterval(timer);
      await this.look();
    };
  }

  async #lookOnce(): Promise<void> {
    const { folder, limitBytes, onFull } = this.#options;
    const bytes = await measureBytes(folder);
    if (bytes <= limitBytes) return;
    await emptyCache(folder);
    if (!this.#isGivenUp) onFull?.(bytes);
    this.#isGivenUp = true;
  }
}

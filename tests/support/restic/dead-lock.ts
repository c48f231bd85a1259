/** Leaves a lock whose owner was killed, as the end of a container does. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { gatherLocks } from "../../../agent/locks/gather.ts";
import type { Backend } from "../../../shared/api/backend.ts";
import type { RepositoryLock } from "../../../shared/api/host-stats.ts";
import { eventually } from "../eventually.ts";
import type { ResticWorld } from "./restic-world.ts";

const LIMIT_MS = 20_000;

/**
 * Starts a restic that waits for its input, and kills it when its lock is there.
 *
 * @param kill whether the owner is killed; a living one ends with the returned `stop`
 */
export async function takeLock(
  world: ResticWorld,
  backend: Backend,
  secret: Readonly<Record<string, string>>,
  kill: boolean,
): Promise<{ readonly lock: RepositoryLock; stop(): Promise<void> }> {
  const restic = await world.open(backend, secret);
  const signal = new AbortController().signal;
  const before = new Set((await gatherLocks(restic, signal)).map(({ id }) => id));
  const flags = [...restic.access.flags, "--no-cache", "--quiet"];
  const child = spawn("restic", ["backup", "--stdin", "--stdin-filename", "waiting", ...flags], {
    env: { PATH: process.env["PATH"], ...restic.access.env },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const stop = async () => {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  };
  const find = async () => (await gatherLocks(restic, signal)).find(({ id }) => !before.has(id));
  try {
    const lock = await eventually(find, (found) => found !== undefined, LIMIT_MS);
    if (kill) await stop();
    return { lock, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @returns the lock that stays behind */
export async function leaveDeadLock(
  world: ResticWorld,
  backend: Backend,
  secret: Readonly<Record<string, string>> = {},
): Promise<RepositoryLock> {
  return (await takeLock(world, backend, secret, true)).lock;
}

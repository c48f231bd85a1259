/** Reads the locks of a repository. */
import type { RepositoryLock } from "../../shared/api/host-stats.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import type { Restic } from "../restic/client.ts";

const LIMIT_MS = 120_000;
const LOCK_ID = /^[0-9a-f]{64}$/;

/** Reads `restic cat lock`. @returns undefined when it is no lock */
export function parseLock(id: string, output: string): RepositoryLock | undefined {
  let lock: unknown;
  try {
    lock = JSON.parse(output.slice(Math.max(0, output.indexOf("{"))));
  } catch {
    return undefined;
  }
  if (!isJsonObject(lock)) return undefined;
  const { hostname, username, pid, time, exclusive } = lock;
  return {
    id,
    ...(typeof hostname === "string" && { host: hostname }),
    ...(typeof username === "string" && username !== "" && { user: username }),
    ...(typeof pid === "number" && { pid }),
    ...(typeof time === "string" && !Number.isNaN(Date.parse(time)) && { createdAt: new Date(time).toISOString() }),
    exclusive: exclusive === true,
  };
}

/** The locks that exist now, or as many of them as are wanted. One that goes while it is read is left out. */
export async function gatherLocks(
  restic: Restic,
  signal: AbortSignal,
  most = Number.POSITIVE_INFINITY,
): Promise<readonly RepositoryLock[]> {
  const ids: string[] = [];
  const listed = await restic.run(["list", "locks", "--no-lock"], {
    signal,
    timeLimitMs: LIMIT_MS,
    onOutput: (line) => {
      const id = line.trim();
      if (LOCK_ID.test(id)) ids.push(id);
    },
  });
  if (listed.code !== 0) throw restic.fault("list of locks", listed);
  const locks: RepositoryLock[] = [];
  for (const id of ids.slice(0, most)) {
    const lines: string[] = [];
    const exit = await restic.run(["cat", "lock", id, "--no-lock"], {
      signal,
      timeLimitMs: LIMIT_MS,
      onOutput: (line) => lines.push(line),
    });
    const lock = exit.code === 0 ? parseLock(id, lines.join("\n")) : undefined;
    if (lock !== undefined) locks.push(lock);
  }
  return locks;
}

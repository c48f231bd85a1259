/** How much memory restic may take, from the limit of the container. */
import { readFileSync } from "node:fs";

/** cgroup v2, then v1. */
const LIMIT_FILES = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
/** Beside restic the container holds the agent: two small processes. */
const AGENT_BYTES = 64 * 1024 * 1024;
/** Below this the collector would run all the time and the backup would crawl. */
const MIN_GO_BYTES = 64 * 1024 * 1024;
/** cgroup v1 writes a huge number for "no limit". */
const NO_LIMIT_BYTES = 2 ** 60;
/** Below this limit restic collects more eagerly than Go does by default. */
const TIGHT_BYTES = 1024 * 1024 * 1024;

/** @returns undefined when the container has no limit */
export function gatherMemoryLimit(): number | undefined {
  for (const path of LIMIT_FILES) {
    try {
      const bytes = Number(readFileSync(path, "utf8").trim());
      if (Number.isFinite(bytes) && bytes < NO_LIMIT_BYTES) return bytes;
    } catch {
      // Not this version of cgroups.
    }
  }
  return undefined;
}

/**
 * Settings of Go's collector, so that restic collects before the kernel kills. A user's own settings win.
 *
 * @param limitBytes limit of the container
 */
export function buildGoMemoryEnv(limitBytes: number | undefined): Readonly<Record<string, string>> {
  if (limitBytes === undefined) return {};
  const goBytes = Math.max(MIN_GO_BYTES, Math.floor((limitBytes - AGENT_BYTES) * 0.9));
  return { GOMEMLIMIT: String(goBytes), ...(limitBytes < TIGHT_BYTES ? { GOGC: "50" } : {}) };
}

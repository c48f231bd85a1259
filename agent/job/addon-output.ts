/** `output.json`, in which an addon's container says what became of its hosts. Upstream's addons write it and end with 0 in any case. */
import type { SnapshotStats } from "../../shared/api/host-stats.ts";
import { readerOf } from "../../shared/api/parse.ts";
import { int64, longList, object, optional, text } from "../../shared/api/schema.ts";
import { UserError } from "../../shared/errors.ts";
import { requireSnapshotId } from "../../shared/snapshots/id.ts";

const outputSchema = object({
  targetStatus: optional(
    object({
      stats: optional(
        longList(
          object({
            hostname: optional(text),
            phase: optional(text),
            duration: optional(text),
            error: optional(text),
            snapshots: optional(
              longList(
                object({
                  name: optional(text),
                  path: optional(text),
                  totalSize: optional(text),
                  uploaded: optional(text),
                  processingTime: optional(text),
                  fileStats: optional(
                    object({
                      totalFiles: optional(int64),
                      newFiles: optional(int64),
                      modifiedFiles: optional(int64),
                      unmodifiedFiles: optional(int64),
                    }),
                  ),
                }),
              ),
            ),
          }),
        ),
      ),
    }),
  ),
});
const readOutput = readerOf(outputSchema, () => "output.json");
const NAME_FIELD = "targetStatus.stats[].snapshots[].name of the addon's output.json";
type Output = ReturnType<typeof readOutput>;

export interface AddonResult {
  readonly phase: "Succeeded" | "Failed";
  readonly snapshots: readonly SnapshotStats[];
  readonly duration: string;
  readonly error: string;
  readonly reason: string;
}

/** The result of a host of which nothing counts as saved. */
export function failedAddon(error: UserError): AddonResult {
  const text = `${error.message} (next: ${error.next})`;
  return { phase: "Failed", snapshots: [], duration: "", error: text, reason: error.code };
}

function read(raw: string): Output {
  try {
    return readOutput(JSON.parse(raw));
  } catch (cause) {
    throw new UserError("DUMP_FAILED", "the addon's output.json can't be read", { cause });
  }
}

/**
 * The result of one host. An addon names a host by its own rules, so a lone host counts whatever its name.
 *
 * @param raw the file's text; undefined when there is none
 * @param needsSnapshot whether success means that there is a snapshot, as in a backup
 */
export function readAddonResult(raw: string | undefined, hostname: string, needsSnapshot: boolean): AddonResult {
  try {
    if (raw === undefined) throw new UserError("DUMP_FAILED", "the addon left no output.json");
    const stats = read(raw).targetStatus?.stats ?? [];
    const own = stats.find((entry) => entry.hostname === hostname) ?? (stats.length === 1 ? stats[0] : undefined);
    if (own === undefined) throw new UserError("DUMP_FAILED", `the addon's output.json has no host ${hostname}`);
    const snapshots = own.snapshots ?? [];
    const duration = own.duration ?? "";
    if (own.phase !== "Succeeded") {
      const error = own.error || "the addon failed without a message";
      return { phase: "Failed", snapshots, duration, error, reason: "DUMP_FAILED" };
    }
    if (needsSnapshot && !snapshots.some(({ name }) => name)) {
      throw new UserError("NO_SNAPSHOT_REPORTED", "the addon named no snapshot");
    }
    for (const { name } of needsSnapshot ? snapshots : []) if (name) requireSnapshotId(name, NAME_FIELD);
    return { phase: "Succeeded", snapshots, duration, error: "", reason: "" };
  } catch (error) {
    if (error instanceof UserError) return failedAddon(error);
    throw error;
  }
}

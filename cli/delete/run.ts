/** Deletes snapshots. */
import { Command } from "../../shared/contract.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { gatherWork } from "../repository-work/gather-work.ts";
import { runWork } from "../repository-work/run-work.ts";

export async function runDelete(input: Input): Promise<ExitCode> {
  const [kind = "", ...names] = input.words;
  if (!/^snapshots?$/.test(kind)) {
    throw new UsageError(`${kind} is not deleted by this program`, "use kubectl delete; here it is `delete snapshot`");
  }
  const { repository, ids } = readSnapshotNames(names, input.flags.text("repository"));
  const cluster = await openCluster(input);
  const view = await gatherWork(cluster, repository, input.flags);
  const args = [Command.Restic, "forget", "--prune", "--retry-lock", "2m", "--", ...ids];
  return runWork(input, cluster, view, { what: "delete", args });
}

/** @throws UsageError for what names no snapshot of one Repository */
export function readSnapshotNames(
  names: readonly string[],
  repository: string | undefined,
): { readonly repository: string; readonly ids: readonly string[] } {
  const read = names.map((name) => {
    const [, ofName, id] = /^(?:(.+)-)?([0-9a-f]{8,64})$/.exec(name) ?? [];
    if (id === undefined)
      throw new UsageError(`${name} is no snapshot`, "write REPOSITORY-ID, the id in full or 8 digits");
    return { repository: repository ?? ofName, id };
  });
  const [first, ...others] = read;
  if (first?.repository === undefined) throw new UsageError("of which Repository?", "name it with --repository");
  if (others.some((other) => other.repository !== first.repository)) {
    throw new UsageError("the snapshots are of several Repositories", "delete those of one at a time");
  }
  return { repository: first.repository, ids: read.map(({ id }) => id) };
}

/** Prints restore rules for a time. */
import { parseDuration } from "../../shared/duration.ts";
import { UserError } from "../../shared/errors.ts";
import { listSnapshots } from "../browse/open-place.ts";
import { openCluster } from "../cluster/open.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { gatherWork } from "../repository-work/gather-work.ts";
import { withShell } from "../repository-work/shell.ts";
import { parseMoment } from "../restore/parse-moment.ts";
import { printData } from "../terminal/print.ts";
import { decideRules } from "./decide-rules.ts";

export async function runGen(input: Input): Promise<ExitCode> {
  const { flags, words } = input;
  const [what, repository = ""] = words;
  if (what !== "rules") throw new UsageError(`${what ?? "that"} can't be made`, "write `gen rules`");
  const timestamp = flags.text("timestamp");
  if (timestamp === undefined) throw new UsageError("for which time?", "name it with --timestamp");
  const atMs = parseMoment(timestamp, Date.now());
  const intervalMs = readInterval(flags.text("group-interval") ?? "4m");
  const cluster = await openCluster(input);
  const view = await gatherWork(cluster, repository, flags);
  const snapshots = await withShell(input, cluster, view, (shell) => listSnapshots(shell));
  const { before, after } = decideRules(snapshots, atMs, intervalMs);
  if (before === undefined && after === undefined) {
    throw new UserError("SNAPSHOT_NOT_FOUND", `Repository ${repository} has no snapshots of which rules can be made`);
  }
  printData(input, { ...(before && { before }), ...(after && { after }) });
  return ExitCode.Good;
}

function readInterval(text: string): number {
  try {
    return parseDuration(text, "--group-interval");
  } catch (thrown) {
    if (thrown instanceof UserError) throw new UsageError(thrown.message);
    throw thrown;
  }
}

/** Makes a RestoreBatch, or tells what it would do. */
import { KINDS } from "../../shared/api/kinds.ts";
import { openCluster } from "../cluster/open.ts";
import { Format, type Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { createOrTell, tellStarted } from "../runs/started.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { readWish } from "./choose-point.ts";
import { readDryRun } from "./dry-run-mode.ts";
import { formatNearest } from "./format-plan.ts";
import { type PreparedRestore, prepareRestore } from "./prepare.ts";
import { runDryRun } from "./run-dry-run.ts";

export async function runRestore(input: Input): Promise<ExitCode> {
  const { flags } = input;
  const nowMs = Date.now();
  const point = readWish(flags, nowMs);
  readTimeout(flags);
  const mode = readDryRun(flags);
  if (mode !== undefined && flags.has("wait")) throw new UsageError("--dry-run and --wait exclude each other");
  const cluster = await openCluster(input);
  const prepared = await prepareRestore(cluster, {
    word: input.words[0] ?? "",
    point,
    members: flags.list("member"),
    name: flags.text("name"),
    nowMs,
    note: (text) => input.terminal.note(text),
  });
  const { namespace, name } = prepared.restore.metadata;
  if (mode !== undefined) return runDryRun(input, cluster, { prepared, mode, nowMs });
  const made = await createOrTell(input, `${input.programName} restores ${name} -n ${namespace}`, () =>
    cluster.create(KINDS.RestoreBatch, namespace, prepared.restore),
  );
  if (input.format === Format.Table || input.format === Format.Wide) input.terminal.note(describePoint(prepared));
  return tellStarted(input, cluster, { kind: "RestoreBatch", name }, made);
}

function describePoint({ restore, point, nearest }: PreparedRestore): string {
  if (point !== undefined) return `restores ${point.session} of ${point.time}`;
  const { session, asOf } = restore.spec;
  const wanted =
    session === undefined ? `the newest complete point at or before ${asOf ?? "now"}` : `session ${session}`;
  return `restores ${wanted}${formatNearest(nearest)}`;
}

/** Makes a RestoreBatch, or tells what it would do. */
import { KINDS } from "../../shared/api/kinds.ts";
import { restoreInvokerView } from "../../shared/invoker/object.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openCluster } from "../cluster/open-cluster.ts";
import { kubectlName } from "../objects/read-objects.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { createOrTell, tellStarted } from "../runs/started-run.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { plainText } from "../terminal/plain-text.ts";
import { printData } from "../terminal/print.ts";
import { readWish } from "./choose-point.ts";
import { decidePlan } from "./decide-plan.ts";
import { withFiles } from "./file-plan.ts";
import { formatNearest, formatPlan } from "./format-plan.ts";
import { gatherPlanView } from "./gather-restore.ts";
import { type PreparedRestore, prepareRestore } from "./prepare-restore.ts";
import { tryFiles } from "./try-files.ts";

export async function runRestore(input: Input): Promise<ExitCode> {
  const { flags } = input;
  const nowMs = Date.now();
  const point = readWish(flags, nowMs);
  readTimeout(flags);
  if (flags.has("dry-run") && flags.has("wait")) throw new UsageError("--dry-run and --wait exclude each other");
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
  if (flags.has("dry-run")) {
    await cluster.create(KINDS.RestoreBatch, namespace, prepared.restore, { isDryRun: true });
    await tellPlan(input, cluster, prepared, nowMs);
    return ExitCode.Good;
  }
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

async function tellPlan(input: Input, cluster: Cluster, prepared: PreparedRestore, nowMs: number): Promise<void> {
  const { restore } = prepared;
  const { format, terminal } = input;
  if (format === Format.Yaml) {
    printData(input, restore);
    return;
  }
  if (format === Format.Name) {
    terminal.print(kubectlName(KINDS.RestoreBatch, restore.metadata.name));
    return;
  }
  const known = decidePlan({ ...prepared, ...(await gatherPlanView(cluster, restore)) });
  const tried = input.flags.isOff("files") ? [] : await tryFiles(cluster, restoreInvokerView(restore), known.members);
  const plan = withFiles(known, tried);
  if (format === Format.Json) {
    printData(input, { restore, plan });
    return;
  }
  for (const line of formatPlan(restore, plan, { nowMs, width: terminal.width })) terminal.print(plainText(line));
}

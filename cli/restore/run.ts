/** Makes a RestoreBatch, or tells what it would do. */
import { parseBackupSession } from "../../shared/api/backup-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import { restoreInvokerView } from "../../shared/invoker.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openCluster } from "../cluster/open-cluster.ts";
import { findInvoker } from "../objects/invokers.ts";
import { kubectlName, readObjects } from "../objects/read-objects.ts";
import { readLabelledMembers } from "../objects/workloads.ts";
import { gatherPoints } from "../points/gather-points.ts";
import { isPointOf, type Point } from "../points/recovery-points.ts";
import { Format, type Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { createOrTell, tellStarted } from "../runs/started-run.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { plainText } from "../terminal/plain-text.ts";
import { printData } from "../terminal/print.ts";
import { buildRestore, membersOfInvoker, type NamedMember, restoreName } from "./build-restore.ts";
import { chooseMembers, choosePoint, type PointChoice, type PointWish, readWish } from "./choose-point.ts";
import { decidePlan } from "./decide-plan.ts";
import { withFiles } from "./file-plan.ts";
import { formatNearest, formatPlan } from "./format-plan.ts";
import { gatherPlanView, rememberedMembers } from "./gather-restore.ts";
import { tryFiles } from "./try-files.ts";

interface Prepared {
  readonly restore: RestoreBatch;
  readonly members: readonly NamedMember[];
  readonly point: Point | undefined;
  readonly nearest?: PointChoice["nearest"];
}

export async function runRestore(input: Input): Promise<ExitCode> {
  const { flags } = input;
  const nowMs = Date.now();
  const wish = readWish(flags, nowMs);
  readTimeout(flags);
  if (flags.has("dry-run") && flags.has("wait")) throw new UsageError("--dry-run and --wait exclude each other");
  const cluster = await openCluster(input);
  const prepared = await prepare(input, cluster, wish, nowMs);
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

async function prepare(input: Input, cluster: Cluster, wish: PointWish, nowMs: number): Promise<Prepared> {
  const { flags, words } = input;
  const { object: invoker } = await findInvoker(cluster, words[0] ?? "");
  const { namespace, name } = invoker.metadata;
  const [{ points }, sessions] = await Promise.all([
    gatherPoints(cluster, namespace),
    readObjects(cluster, KINDS.BackupSession, parseBackupSession, { namespace }),
  ]);
  const own = membersOfInvoker(invoker);
  const labelled = invoker.kind === "BackupBatch" ? await findLabelled(input, cluster, namespace, name) : [];
  const remembered = rememberedMembers(
    sessions.entries.map(({ object }) => object),
    name,
  );
  const all = [...own, ...labelled, ...remembered];
  // Each once: the batch's own words first, then those of the workload.
  const each = all.filter((member, at) => all.findIndex((known) => known.name === member.name) === at);
  const members = chooseMembers(each, flags.list("member"));
  if (members.length === 0)
    throw new UsageError(
      `${name} has no members, and no session of it tells of any`,
      "name a session that exists, or back up first",
    );
  const choice = choosePoint(wish, {
    points: points.filter((point) => isPointOf(point, invoker)),
    namespace,
    members: members.map((member) => member.name),
    nowMs,
  });
  const restore = buildRestore({ invoker, members, choice, name: flags.text("name") ?? restoreName(name, nowMs) });
  return { restore, members, ...choice };
}

/** Whoever may not look at workloads can still restore what the batch and its sessions name. */
async function findLabelled(
  { terminal }: Input,
  cluster: Cluster,
  namespace: string,
  batch: string,
): Promise<readonly NamedMember[]> {
  try {
    return await readLabelledMembers(cluster, namespace, batch);
  } catch (thrown) {
    if (!(thrown instanceof UserError) || thrown.code !== "API_FORBIDDEN") throw thrown;
    terminal.note(
      `workloads that joined ${batch} by their label since its last session are not seen: ${thrown.message}`,
    );
    return [];
  }
}

function describePoint({ restore, point, nearest }: Prepared): string {
  if (point !== undefined) return `restores ${point.session} of ${point.time}`;
  const { session, asOf } = restore.spec;
  const wanted =
    session === undefined ? `the newest complete point at or before ${asOf ?? "now"}` : `session ${session}`;
  return `restores ${wanted}${formatNearest(nearest)}`;
}

async function tellPlan(input: Input, cluster: Cluster, prepared: Prepared, nowMs: number): Promise<void> {
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

/** Copies a volume claim with its data. What was made on the way goes again. */
import { setTimeout as sleep } from "node:timers/promises";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { backupSessionNames, buildBackupSession } from "../../shared/invoker/build-backup-session.ts";
import { backupInvokerView } from "../../shared/invoker/object.ts";
import { textAt } from "../../shared/json/value.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import { patiently } from "../cluster/patience.ts";
import { CLAIMS, SECRETS } from "../cluster/resources.ts";
import { buildCopy } from "../copy/build-object.ts";
import { buildRepository } from "../create/build-objects.ts";
import { notFound } from "../objects/read.ts";
import { hasEnded, type RunObject } from "../objects/read-run.ts";
import type { RunKind } from "../objects/run-words.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { followRun } from "../runs/follow.ts";
import { formatEnd } from "../runs/outcome.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { plainText } from "../terminal/plain-text.ts";
import { buildCloneBackup, buildClonedClaim, buildCloneRestore } from "./build-restore.ts";
import { createMadeObjects, type MadeObjects } from "./made-objects.ts";

const LIMIT_MS = 10 * 60_000;
const READY_MS = 60_000;
const POLL_MS = 500;

export async function runClone(input: Input): Promise<ExitCode> {
  const { flags, words } = input;
  const [kind = "", name = ""] = words;
  const to = flags.text("to-namespace");
  if (kind !== "pvc") throw new UsageError(`${kind} can't be cloned`, "write `clone pvc NAME`");
  if (to === undefined) throw new UsageError("where to?", "name it with --to-namespace");
  const limitMs = readTimeout(flags) ?? LIMIT_MS;
  const repository = flags.text("repository") ?? `${flags.text("provider")}-repo-${Math.floor(Date.now() / 1_000)}`;
  const own =
    flags.text("repository") === undefined ? buildRepository({ namespace: "", name: repository }, flags) : undefined;
  const cluster = await openCluster(input);
  const { namespace } = cluster;
  if (to === namespace) throw new UsageError(`${name} is in ${to} already`);
  const claim = await cluster.find(CLAIMS, namespace, name);
  if (claim === undefined) throw notFound("PersistentVolumeClaim", { namespace, name }, []);
  const made = createMadeObjects({ cluster, note: input.terminal.note, leavesBehind: input.leavesBehind });
  const steps: Steps = { ...made, follow: followIn(input, cluster) };
  try {
    if (own !== undefined)
      await steps.lend(KINDS.Repository, namespace, { ...own, metadata: { name: repository, namespace } });
    const order = { claim: name, repository, namespace };
    const snapshots = await backUp(steps, cluster, order, limitMs);
    await copyRepository(steps, cluster, repository, to);
    await steps.give(CLAIMS, to, buildClonedClaim(claim, to));
    const restore = buildCloneRestore({ ...order, namespace: to }, snapshots);
    await steps.lend(KINDS.RestoreSession, to, restore);
    await steps.follow("RestoreSession", restore.metadata.name, to, limitMs);
    made.succeed();
  } finally {
    await made.tidy();
  }
  input.terminal.print(`persistentvolumeclaim/${name} cloned to ${to}`);
  return ExitCode.Good;
}

interface Steps extends Pick<MadeObjects, "lend" | "give"> {
  /** Waits for the end of a run. @throws UserError when it is no good one */
  follow(kind: RunKind, name: string, namespace: string, limitMs: number): Promise<RunObject>;
}

function followIn(input: Input, cluster: Cluster): Steps["follow"] {
  return async (kind, name, namespace, limitMs) => {
    const run = await followRun(input, { ...cluster, namespace }, { kind, name }, limitMs);
    if (run.status?.phase === "Succeeded") return run;
    for (const line of formatEnd(run, input.terminal.width)) input.terminal.note(plainText(line));
    const what = `${kind} ${namespace}/${name}`;
    throw hasEnded(run)
      ? new UserError("JOB_FAILED", `${what} is ${run.status?.phase}`, { next: "mend what it says, and clone again" })
      : new UserError("DEADLINE_EXCEEDED", `${what} did not end in time`, { next: "allow more with --timeout" });
  };
}

async function backUp(
  steps: Steps,
  cluster: Cluster,
  order: { readonly claim: string; readonly repository: string; readonly namespace: string },
  limitMs: number,
): Promise<readonly string[]> {
  const { namespace } = order;
  const configuration = buildCloneBackup(order);
  const { name } = configuration.metadata;
  if (!(await steps.lend(KINDS.BackupConfiguration, namespace, configuration))) {
    throw new UserError(
      "NOT_ALLOWED",
      `BackupConfiguration ${namespace}/${name} is there: another clone may be at work`,
      {
        next: `wait for its end, or delete it: kubectl delete backupconfiguration ${name} -n ${namespace}`,
      },
    );
  }
  // A session of an invoker that nobody has judged yet is skipped.
  await awaitReady(cluster, KINDS.BackupConfiguration, namespace, name);
  const invoker = backupInvokerView(
    parseBackupConfiguration(await cluster.find(KINDS.BackupConfiguration, namespace, name)),
  );
  const [session = name] = backupSessionNames(invoker, Date.now());
  await cluster.create(
    KINDS.BackupSession,
    namespace,
    buildBackupSession({ invoker, name: session, trigger: "Instant" }),
  );
  const run = await steps.follow("BackupSession", session, namespace, limitMs);
  const targets = run.kind === "BackupSession" ? (run.status?.targets ?? []) : [];
  return targets.flatMap(({ stats = [] }) =>
    stats.flatMap(({ snapshots = [] }) => snapshots.flatMap((snapshot) => snapshot.name ?? [])),
  );
}

async function awaitReady(cluster: Cluster, kind: KindEntry, namespace: string, name: string): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (;;) {
    const object = await patiently(() => cluster.find(kind, namespace, name));
    const phase = textAt(object, "status", "phase");
    if (phase === "Ready") return;
    if (performance.now() > deadline) {
      const why = textAt(object, "status", "message") ?? phase ?? "nobody looks at it";
      throw new UserError("DEADLINE_EXCEEDED", `${kind.kind} ${namespace}/${name} is not ready: ${why}`, {
        next: `see kubectl describe ${kind.singular} ${name} -n ${namespace}`,
      });
    }
    await sleep(POLL_MS);
  }
}

async function copyRepository(steps: Steps, cluster: Cluster, name: string, to: string): Promise<void> {
  const raw = await cluster.find(KINDS.Repository, cluster.namespace, name);
  const secret = textAt(raw, "spec", "backend", "storageSecretName");
  if (secret !== undefined) {
    const found = await cluster.find(SECRETS, cluster.namespace, secret);
    if (found !== undefined) {
      const copy = buildCopy(found, { apiVersion: "v1", kind: "Secret" }, to, ["type", "data"]);
      await steps.lend(SECRETS, to, copy);
    }
  }
  await steps.lend(KINDS.Repository, to, buildCopy(raw, KINDS.Repository, to, ["spec"]));
}

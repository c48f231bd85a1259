/** Makes a session of a batch now. */
import { KINDS } from "../../shared/api/kinds.ts";
import { backupSessionNames, buildBackupSession } from "../../shared/build-backup-session.ts";
import { type BackupInvokerView, backupInvokerView } from "../../shared/invoker.ts";
import { isAlreadyExists } from "../../shared/kube/kube-error.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openCluster } from "../cluster/open-cluster.ts";
import { findInvoker } from "../objects/invokers.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { createOrTell, tellStarted } from "../runs/started-run.ts";
import { readTimeout } from "../runs/wait-flags.ts";

const SECOND_MS = 1_000;
/** Seconds whose names may all be taken. */
const TRIES = 5;

export async function runTrigger(input: Input): Promise<ExitCode> {
  readTimeout(input.flags);
  const cluster = await openCluster(input);
  const { object } = await findInvoker(cluster, input.words[0] ?? "");
  if (object.status?.phase !== "Ready") {
    const phase = object.status?.phase ?? "not looked at yet";
    input.terminal.note(`${object.kind} ${object.metadata.name} is ${phase}: the session may be skipped`);
  }
  const look = `${input.programName} sessions --batch ${object.metadata.name} -n ${cluster.namespace}`;
  const { name, made } = await createOrTell(input, look, () => createSession(cluster, backupInvokerView(object)));
  return tellStarted(input, cluster, { kind: "BackupSession", name }, made);
}

/** Names hold the second; one that is taken is another session's. */
async function createSession(
  cluster: Cluster,
  invoker: BackupInvokerView,
): Promise<{ readonly name: string; readonly made: unknown }> {
  const nowMs = Date.now();
  const names = Array.from({ length: TRIES }, (_one, second) =>
    backupSessionNames(invoker, nowMs + second * SECOND_MS),
  );
  for (const [at, name] of names.flat().entries()) {
    const session = buildBackupSession({ invoker, name, trigger: "Instant" });
    try {
      return { name, made: await cluster.create(KINDS.BackupSession, invoker.namespace, session) };
    } catch (thrown) {
      if (!isAlreadyExists(thrown) || at === names.flat().length - 1) throw thrown;
    }
  }
  throw new TypeError("there is no name to try");
}

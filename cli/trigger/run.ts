/** Makes a session of a batch now. */
import { backupInvokerView } from "../../shared/invoker/object.ts";
import { openCluster } from "../cluster/open.ts";
import { findInvoker } from "../objects/invokers.ts";
import type { Input } from "../program/command.ts";
import type { ExitCode } from "../program/exit-code.ts";
import { createOrTell, tellStarted } from "../runs/started.ts";
import { readTimeout } from "../runs/wait-flags.ts";
import { createSession } from "./create-session.ts";

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

/** Takes the init-container of a restore that was deleted out of a workload, and remembers how that went. */
import { messageOf } from "../../shared/errors.ts";
import { hasRestoreInit } from "../../shared/injection/left-over.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import type { ActPorts, Subject } from "./act.ts";
import { afterTakeOut, afterVainTakeOut, type LastingLeftOver } from "./left-over.ts";
import { proveRestore } from "./prove.ts";
import { askToTakeOut, resubmit } from "./resubmit.ts";

type LeftOverPorts = Pick<ActPorts, "client" | "leftOvers" | "events" | "clock" | "log">;

/** Takes the init-container of a restore that is gone out of a workload, where the cluster takes its pods without it. */
export async function actOnLeftOver(
  ports: LeftOverPorts,
  subject: Subject,
  leftOver: LastingLeftOver,
): Promise<RunResult | undefined> {
  const { target, id, facts, signal } = subject;
  const what = askToTakeOut(leftOver.ask);
  const proof = await proveRestore(ports.client, id, facts.workload, what, signal, false);
  if (proof.kind === "Refused") return noteVainTakeOut(ports, target, leftOver, proof.words);
  if (proof.kind === "Vain") return noteVainTakeOut(ports, target, leftOver, undefined);
  let after: WorkloadObject | undefined;
  try {
    after = await resubmit(ports.client, id, what, { signal });
    if (after !== undefined) subject.keep(after);
  } catch (error) {
    if (!(error instanceof KubeError) || error.retryable) throw error;
    return noteVainTakeOut(ports, target, leftOver, messageOf(error));
  }
  if (after === undefined) return undefined;
  if (hasRestoreInit(after.facts.podTemplate)) return noteVainTakeOut(ports, target, leftOver, undefined);
  ports.leftOvers.set(target, afterTakeOut(leftOver, ports.clock.monotonic()));
  ports.log.info({ target, restore: leftOver.ask }, "init-container of a restore that is gone taken out");
  const { kind, namespace, name } = id;
  const involved = { apiVersion: after.facts.apiVersion, kind, namespace, name, uid: after.uid };
  const message = "the restore is gone, and its init-container with it";
  ports.events.record(involved, "Normal", "Init-Container Deletion Succeeded", message);
  return undefined;
}

function noteVainTakeOut(
  { leftOvers, clock, log }: LeftOverPorts,
  target: string,
  leftOver: LastingLeftOver,
  words: string | undefined,
): RunResult {
  const vain = afterVainTakeOut(leftOver, clock.monotonic());
  leftOvers.set(target, vain);
  log.warn({ target, requests: vain.vainRequests, error: words }, "init-container of a restore that is gone stays");
  return { requeueAfterMs: vain.notBeforeMs - clock.monotonic() };
}

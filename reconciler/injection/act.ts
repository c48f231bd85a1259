/** Carries out what was decided about a workload's injection, and remembers how it went. */
import type { Clock } from "../../shared/clock.ts";
import { assertNever, messageOf } from "../../shared/errors.ts";
import { containersOf, isSidecar } from "../../shared/injection/own-parts.ts";
import { pullSecretsBeside } from "../../shared/injection/pull-secrets.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { KubeError } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { WorkloadId } from "../invoker/workload-key.ts";
import type { World } from "../world/informers.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import type { InjectionFacts } from "./gather.ts";
import type { LastingLeftOver } from "./left-over.ts";
import { findMountFailure } from "./mount-failure.ts";
import { type ProofPorts, proveInjection, proveRefusal } from "./prove.ts";
import { afterLook, afterVainRequest, type InjectionRecord, newRecord } from "./record.ts";
import { afterRefusal, type Refusal } from "./refusal.ts";
import { ASK_TO_RELEASE, type Ask, askAgain, askFor, askToHold, resubmit } from "./resubmit.ts";
import { isInjectionCurrent, type WantedInjection, wantedHash } from "./state.ts";
import type { TargetMemory } from "./target-memory.ts";
import { tellPullSecrets } from "./tell-pull-secrets.ts";
import type { LastingTrouble } from "./trouble.ts";

export interface ActPorts {
  readonly world: Pick<World, "quotas">;
  readonly settings: Pick<InjectionSettings, "pullSecrets">;
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly records: TargetMemory<InjectionRecord>;
  readonly refusals: TargetMemory<Refusal>;
  readonly troubles: TargetMemory<LastingTrouble>;
  readonly leftOvers: TargetMemory<LastingLeftOver>;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One workload and what is known of it. */
export interface Subject {
  readonly target: string;
  readonly id: WorkloadId;
  readonly facts: InjectionFacts;
  readonly signal: AbortSignal;
  /** Keeps what the API server answered until the informer shows it. */
  readonly keep: (after: WorkloadObject) => void;
}

/** A trouble that is not the sidecar's may become so. */
const TROUBLE_AGAIN_MS = 60_000;

/** Re-submits the workload where the cluster takes its pods with the sidecar; else keeps it from being injected. */
export async function actOnProof(ports: ActPorts, subject: Subject): Promise<RunResult | undefined> {
  const { target, id, facts, signal } = subject;
  const { workload, unheld, hold } = facts;
  const proof = await proveInjection(proofPorts(ports, id), id, workload, unheld, signal);
  switch (proof.kind) {
    case "Vain":
      return noteVain(ports, target, unheld, undefined);
    case "Unknown":
      ports.log.warn(
        { target, error: proof.words },
        "no dry run of the pods; the workload is re-submitted without one",
      );
      return actOnRequest(ports, subject, unheld);
    case "Passed":
      if ("lacksPullSecrets" in proof) tellPullSecrets(ports, subject);
      return actOnRequest(ports, subject, unheld);
    case "Refused": {
      const refusal = noteRefusal(ports, subject, proof.words);
      // A sidecar of before runs, and taking it out would restart the pods.
      const hasSidecar = containersOf(workload.facts.podTemplate).some(isSidecar);
      if (!hasSidecar && hold?.kind !== "DryRun") await tryToHold(ports, subject);
      return { requeueAfterMs: Math.max(refusal.notBeforeMs - ports.clock.monotonic(), 1) };
    }
    default:
      return assertNever(proof);
  }
}

/** Re-submits the workload. @param wanted what its template should be after it */
export async function actOnRequest(
  ports: ActPorts,
  subject: Subject,
  wanted: WantedInjection,
): Promise<RunResult | undefined> {
  const { target, id } = subject;
  const { records, refusals, clock } = ports;
  const hash = wantedHash(wanted);
  // A hold that is there when none is wanted stays: it is why.
  const isHeld = subject.facts.hold !== undefined && wanted === subject.facts.wanted;
  let after: WorkloadObject | undefined;
  let refused: string | undefined;
  try {
    after = await ask(ports, subject, isHeld ? askAgain(hash) : askFor(hash));
  } catch (error) {
    if (!(error instanceof KubeError) || error.retryable) throw error;
    refused = messageOf(error);
  }
  if (after === undefined || !isInjectionCurrent(after.facts, wanted)) return noteVain(ports, target, wanted, refused);
  records.set(target, afterLook(records.get(target), { wanted: hash, isCurrent: true }, clock.monotonic()));
  if (!isHeld) refusals.forget(target);
  tellDone(ports, id, after, wanted);
  return undefined;
}

/** Takes the sidecar out of a workload whose pods it keeps from being made or ready. */
export async function actOnTrouble(
  ports: ActPorts,
  subject: Subject,
  trouble: LastingTrouble,
): Promise<RunResult | undefined> {
  const { target, facts } = subject;
  const { troubles, refusals, clock, log } = ports;
  const isMade = trouble.kind === "NotReady";
  const words = await wordsOfTrouble(ports, subject, trouble);
  if (words === undefined) {
    troubles.set(target, { ...trouble, notBeforeMs: clock.monotonic() + TROUBLE_AGAIN_MS });
    log.debug({ target, error: trouble.words }, "pods are missing or not ready, and the sidecar is not why");
    return { requeueAfterMs: TROUBLE_AGAIN_MS };
  }
  const hold = askToHold(isMade ? { kind: "Pods", origin: facts.origin } : { kind: "DryRun" });
  // Before the hold is there to be seen: whoever tells of it finds the words for it.
  const before = refusals.get(target);
  const refusal = rememberRefusal(ports, subject, words);
  try {
    await ask(ports, subject, hold);
  } catch (error) {
    if (before === undefined) refusals.forget(target);
    else refusals.set(target, before);
    throw error;
  }
  tellRefusal(ports, subject, refusal, before);
  troubles.forget(target);
  log.warn({ target, error: words, reason: "InjectionRefusedByCluster" }, "sidecar taken out of the workload");
  return isMade ? undefined : { requeueAfterMs: Math.max(refusal.notBeforeMs - clock.monotonic(), 1) };
}

/** @returns undefined where the sidecar is not why, or nobody can tell */
async function wordsOfTrouble(ports: ActPorts, { id, facts, signal }: Subject, trouble: LastingTrouble) {
  if (trouble.kind === "NotMade") return proveRefusal(proofPorts(ports, id), id, facts.workload, signal);
  const { waiting } = trouble;
  return waiting === undefined ? trouble.words : findMountFailure(ports.client, id.namespace, waiting, signal);
}

/** Ends a hold of a workload that is to have no sidecar anyway. */
export async function actOnRelease(ports: ActPorts, subject: Subject): Promise<void> {
  await ask(ports, subject, ASK_TO_RELEASE);
  ports.refusals.forget(subject.target);
}

async function ask(
  { client }: ActPorts,
  { id, signal, keep }: Subject,
  what: Ask,
): Promise<WorkloadObject | undefined> {
  const after = await resubmit(client, id, what, { signal });
  if (after !== undefined) keep(after);
  return after;
}

/** A workload that can't be changed at all is not injected either. */
async function tryToHold(ports: ActPorts, subject: Subject): Promise<void> {
  try {
    await ask(ports, subject, askToHold({ kind: "DryRun" }));
  } catch (error) {
    if (!(error instanceof KubeError) || error.retryable) throw error;
    ports.log.warn({ target: subject.target, error: messageOf(error) }, "workload can't be held");
  }
}

function proofPorts({ world, client, settings }: ActPorts, { namespace }: WorkloadId): ProofPorts {
  return { client, quotas: world.quotas.list(namespace), pullSecrets: pullSecretsBeside(settings, namespace) };
}

function noteVain(
  { records, clock, log }: ActPorts,
  target: string,
  wanted: WantedInjection,
  refused: string | undefined,
): RunResult {
  const hash = wantedHash(wanted);
  const known = records.get(target);
  const vain = afterVainRequest(known?.wanted === hash ? known : newRecord(hash), refused, clock.monotonic());
  records.set(target, vain);
  log.warn({ target, requests: vain.vainRequests, error: refused }, "workload re-submitted in vain");
  return { requeueAfterMs: vain.notBeforeMs - clock.monotonic() };
}

function noteRefusal(ports: ActPorts, subject: Subject, words: string): Refusal {
  const before = ports.refusals.get(subject.target);
  const refusal = rememberRefusal(ports, subject, words);
  tellRefusal(ports, subject, refusal, before);
  return refusal;
}

function rememberRefusal({ refusals, clock }: ActPorts, { target, facts }: Subject, words: string): Refusal {
  const refusal = afterRefusal(refusals.get(target), { origin: facts.origin, words }, clock.monotonic());
  refusals.set(target, refusal);
  return refusal;
}

/** Says each words once. */
function tellRefusal(
  { events, log }: ActPorts,
  subject: Subject,
  { words }: Refusal,
  before: Refusal | undefined,
): void {
  if (before?.words === words) return;
  const { target, id, facts } = subject;
  const { kind, namespace, name } = id;
  const { facts: workload, uid } = facts.workload;
  log.warn({ target, error: words, reason: "InjectionRefusedByCluster" }, "the cluster refuses pods with the sidecar");
  const message = `the workload goes without its backup sidecar: ${words}`;
  events.record({ apiVersion: workload.apiVersion, kind, namespace, name, uid }, "Warning", REFUSED_EVENT, message);
}

const REFUSED_EVENT = "InjectionRefusedByCluster";

function tellDone(
  { events, log }: ActPorts,
  { kind, namespace, name }: WorkloadId,
  after: WorkloadObject,
  wanted: WantedInjection,
): void {
  log.info({ target: `${kind}/${namespace}/${name}`, hash: wantedHash(wanted) }, "workload re-submitted");
  const subject = { apiVersion: after.facts.apiVersion, kind, namespace, name, uid: after.uid };
  if (containersOf(after.facts.podTemplate).some(isSidecar))
    events.record(subject, "Normal", "Sidecar Injection Succeeded", "the pod template carries the sidecar");
  else events.record(subject, "Normal", "Sidecar Deletion Succeeded", "the sidecar is gone from the pod template");
}

/** Carries out what was decided for a drill. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { assertNever } from "../../shared/errors.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import { JOBS } from "../../shared/kube/resources.ts";
import type { Logger } from "../../shared/log.ts";
import { inNamespace } from "../authority.ts";
import { isFullQuota, type JobProblem } from "../jobs/of-target.ts";
import { gatherPodRefusal, problemOf } from "../jobs/refusal.ts";
import { buildHostRun, repositoryOrder } from "../run/host-runs.ts";
import { writeHostRun } from "../run/sync-host-runs.ts";
import { mergeStatus } from "../write/status-patch.ts";
import { beginDrill } from "./begin-drill.ts";
import { cleanUp } from "./clean-up.ts";
import { createOwn } from "./create-own.ts";
import type { DrillDecision } from "./decision.ts";
import { type EvidenceSource, withEvidence } from "./evidence.ts";
import { makeRestore } from "./make-restore.ts";
import { gatherServerFacts, makeServers } from "./make-servers.ts";
import { verifyRunName } from "./names.ts";
import { drillNameOf } from "./objects.ts";
import { provenOf, recordProven } from "./proven.ts";
import { readScriptEnd } from "./read-script.ts";
import { planScriptJob } from "./script-job.ts";
import { withScript } from "./script-result.ts";
import { type DrillStatus, endedWithLeft, isFinalDrill, withConditions } from "./status.ts";
import { drillAccountName, makeVerifyJob } from "./verify-job.ts";
import type { DrillView } from "./view.ts";

export interface DrillActPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch" | "patchStatus" | "read">;
  readonly settings: InjectionSettings;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly now: Date;
  readonly evidence: EvidenceSource;
  /** uid of this cluster's kube-system; undefined while it is not known. */
  readonly cluster: string | undefined;
}

export interface Acted {
  /** Why something could not be made. */
  readonly problem?: JobProblem | undefined;
  /** Look again after this long, whatever comes. */
  readonly againMs?: number;
  /** The status as it was written, where it was. */
  readonly written?: DrillStatus;
}

/** The informer is about to show what another wrote. */
const BEHIND_MS = 300;
/** Volumes go when the pods that have them are gone. */
const CLEAN_AGAIN_MS = 1_000;
/** What is still there when a drill has ended waits for somebody else. */
const LEFT_AGAIN_MS = 30_000;

/** @throws KubeError when the API server refuses or can't be reached */
export async function actOnDrill(
  ports: DrillActPorts,
  view: DrillView,
  decision: Exclude<DrillDecision, { kind: "wait" }>,
): Promise<Acted> {
  switch (decision.kind) {
    case "tell":
      return write(ports, view, decision.status);
    case "begin":
      return write(ports, view, await beginDrill(ports, view, decision));
    case "make-servers":
      return making(() => makeServers(ports, view, decision.deadlineSeconds));
    case "make-restore":
      return making(() => makeRestore(ports.client, view, ports.now, ports.signal));
    case "make-verify-job":
      return making(async () => {
        const job = await makeVerifyJob(ports, view, decision.deadlineSeconds);
        return gatherPodRefusal(ports.client, job, ports.now.getTime());
      });
    case "make-script-job":
      return making(() => makeScriptJob(ports, view, decision.deadlineSeconds));
    case "order":
      await order(ports, view, decision.pod, decision.verify);
      return {};
    case "end-script":
      return endScript(ports, view, decision.status);
    case "clean-up":
      return clean(ports, view, decision.status);
    default:
      return assertNever(decision);
  }
}

/** Only on the version that was decided on: of two that lead for a moment one alone goes on. */
async function write({ client, signal, log }: DrillActPorts, view: DrillView, after: DrillStatus): Promise<Acted> {
  const { metadata, status } = view.drill;
  const { namespace, name, resourceVersion } = metadata;
  const address = { resource: KINDS.BackupVerificationSession, namespace, name };
  const outcome = await mergeStatus(client, address, { before: status, after, resourceVersion }, asIs, { signal });
  if (outcome.kind === "refused") throw outcome.error;
  if (outcome.kind === "conflict" || outcome.kind === "gone") return { againMs: BEHIND_MS };
  if (status?.step !== after.step || status?.phase !== after.phase) {
    const { phase, step, reason, message } = after;
    log.info({ drill: objectKey(namespace, name), phase, step, reason, message }, "drill goes on");
  }
  return { written: after };
}

async function making(make: () => Promise<JobProblem | undefined>): Promise<Acted> {
  try {
    return { problem: withoutRoom(await make()), againMs: 0 };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { problem: withoutRoom(problem), againMs: 0 };
  }
}

/** A drill waits for nobody's quota. */
function withoutRoom(problem: JobProblem | undefined): JobProblem | undefined {
  if (problem === undefined || !isFullQuota(problem.message)) return problem;
  const { isPassing: _, ...lasting } = problem;
  return { ...lasting, code: "DRILL_NO_ROOM" };
}

async function makeScriptJob(
  ports: DrillActPorts,
  { drill, verifier }: DrillView,
  seconds: number,
): Promise<undefined> {
  if (verifier === undefined) return undefined;
  const { namespace } = drill.metadata;
  const facts = await gatherServerFacts(ports, namespace, verifier.spec.runtimeSettings, seconds);
  const job = planScriptJob(drill, verifier.spec, facts);
  const here = inNamespace(ports.client, namespace);
  await createOwn(here, JOBS, job, drill.metadata.uid ?? "", ports.signal);
  return undefined;
}

async function endScript(ports: DrillActPorts, view: DrillView, status: DrillStatus): Promise<Acted> {
  const { drill, scriptJob } = view;
  if (scriptJob === undefined) return { againMs: BEHIND_MS };
  const end = await readScriptEnd(ports.client, drill.metadata.namespace, scriptJob, ports.signal);
  return write(ports, view, withScript(drill, status, end, scriptJob.outcome, ports.now));
}

async function order(
  { client, signal, now }: DrillActPorts,
  { drill, repository }: DrillView,
  pod: { readonly name: string; readonly uid: string },
  verify: NonNullable<HostRunSpec["verify"]>,
): Promise<void> {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  const { namespace, name, uid = "" } = drill.metadata;
  const spec: HostRunSpec = {
    work: "Verify",
    run: { kind, name, uid },
    host: pod.name,
    pod,
    assignedAt: now.toISOString(),
    ...repositoryOrder(repository),
    verify,
  };
  const object = buildHostRun(
    { apiVersion, kind, namespace, name, uid },
    { name: verifyRunName(drillNameOf(drill), pod.uid), spec },
  );
  await writeHostRun(client, namespace, { kind: "create", object }, signal);
}

/** What was proven is written down before the drill counts as ended: who is killed in between does it again. */
async function clean(ports: DrillActPorts, view: DrillView, after: DrillStatus): Promise<Acted> {
  const { client, log, signal, now } = ports;
  const { drill, repository, verifier } = view;
  const left = await cleanUp(client, drill, drillAccountName(drill), signal);
  if (isFinalDrill(drill)) return left.length > 0 ? { againMs: LEFT_AGAIN_MS } : {};
  const end = left.length === 0 ? after : endedWithLeft(after, left, now);
  if (end === undefined) {
    log.debug({ drill: objectKey(drill.metadata.namespace, drill.metadata.name), left }, "drill is not clean yet");
    return { againMs: CLEAN_AGAIN_MS };
  }
  if (end.phase === "Succeeded") {
    const proven = provenOf(drill, end);
    const isRecorded = await recordProven(client, drill, end, { proven, repository }, signal);
    if (!isRecorded) return { againMs: BEHIND_MS };
  }
  return write(ports, view, withEvidence(drill, withConditions(end, drill, now), verifier, ports));
}

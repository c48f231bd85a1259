/**
 * Asks the cluster, by dry runs that leave nothing behind, whether it takes a workload's pods with the sidecar: quotas, LimitRanges, Pod
 * Security and the policies of others all answer. The template is what the webhook itself makes of the workload.
 */
import { Container } from "../../shared/contract.ts";
import { hasRestoreInit } from "../../shared/injection/left-over.ts";
import { containersOf } from "../../shared/injection/own-parts.ts";
import { type JsonObject, namesOf } from "../../shared/injection/workload.ts";
import { isJsonObject, listAt } from "../../shared/json/value.ts";
import { isNotFound, KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { PODS } from "../../shared/kube/resources.ts";
import { inNamespace } from "../authority.ts";
import { findClaimFault } from "../invoker/claim-fault.ts";
import type { WorkloadId } from "../invoker/workload-key.ts";
import type { QuotaFact } from "../world/quota-object.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import {
  addedAmounts,
  countPods,
  decideProof,
  isForRoom,
  isReplacedInPlace,
  type ProofDecision,
} from "./decide-proof.ts";
import type { PodAnswer } from "./pod-answer.ts";
import { buildProofPod } from "./proof-pod.ts";
import { type Ask, askFor, askToHold, resubmit } from "./resubmit.ts";
import { isInjectionCurrent, type WantedInjection, wantedHash } from "./state.ts";

export interface ProofPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "patch">;
  readonly quotas: readonly QuotaFact[];
  /** Names beside the pods of the Secrets that can pull our image. */
  readonly pullSecrets: readonly string[];
}

export type Proof =
  | ProofDecision
  /** No Secret that can pull our image is among those that the pod has, of its template or of its ServiceAccount. */
  | { readonly kind: "Passed"; readonly lacksPullSecrets: true }
  /** Admission did not make of the workload what was asked for. */
  | { readonly kind: "Vain" }
  /** Nobody can tell: some other admission webhook takes no dry runs. */
  | { readonly kind: "Unknown"; readonly words: string };

/**
 * Whether pods of the workload may be made with the sidecar that is wanted.
 *
 * @throws KubeError when the API server can't be reached
 */
export async function proveInjection(
  ports: ProofPorts,
  id: WorkloadId,
  workload: WorkloadObject,
  wanted: WantedInjection,
  signal: AbortSignal,
): Promise<Proof> {
  const admitted = await askAdmission(ports, id, askFor(wantedHash(wanted)), signal);
  if (admitted.kind !== "Admitted") return admitted;
  const { podTemplate } = admitted.workload.facts;
  if (!isInjectionCurrent(admitted.workload.facts, wanted)) return { kind: "Vain" };
  const answer = await askPod(ports, workload, podTemplate, signal);
  if (answer.kind === "Unknown") return answer;
  const pods = workload.existingReplicas;
  const isInPlace = isReplacedInPlace(workload);
  const isAlsoAsked = answer.kind === "Refused" && (pods === 0 || (isInPlace && isForRoom(answer)));
  const without = isAlsoAsked ? await askPod(ports, workload, workload.facts.podTemplate, signal) : undefined;
  const sidecar = answer.kind === "Taken" ? answer.sidecar : findSidecar(podTemplate);
  const claim = await findClaimFault(ports.client, workload, podTemplate, signal);
  if (claim !== undefined) return { kind: "Refused", words: claim };
  const decision = decideProof({
    answer,
    without: without?.kind === "Unknown" ? undefined : without,
    added: addedAmounts(sidecar, findSidecar(workload.facts.podTemplate)),
    pods,
    counted: countPods(admitted.workload, workload.generation),
    isReplacedInPlace: isInPlace,
    quotas: ports.quotas,
  });
  const isLacking = answer.kind === "Taken" && hasNoneOf(ports.pullSecrets, answer.pod);
  return decision.kind === "Passed" && isLacking ? { kind: "Passed", lacksPullSecrets: true } : decision;
}

/** The API server has given the pod what its ServiceAccount names. */
function hasNoneOf(pullSecrets: readonly string[], pod: unknown): boolean {
  const named = namesOf(listAt(pod, "spec", "imagePullSecrets"));
  return pullSecrets.length > 0 && !pullSecrets.some((name) => named.includes(name));
}

/**
 * Whether the sidecar alone keeps pods of the workload from being made: with it they are refused, and without it they are not.
 *
 * @returns the cluster's words for the refusal; undefined when it is not the sidecar, or nobody can tell
 * @throws KubeError when the API server can't be reached
 */
export async function proveRefusal(
  ports: ProofPorts,
  id: WorkloadId,
  workload: WorkloadObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  const withSidecar = await askPod(ports, workload, workload.facts.podTemplate, signal);
  if (withSidecar.kind !== "Refused") return undefined;
  const held = await askAdmission(ports, id, askToHold({ kind: "DryRun" }), signal);
  if (held.kind !== "Admitted" || findSidecar(held.workload.facts.podTemplate) !== undefined) return undefined;
  const without = await askPod(ports, workload, held.workload.facts.podTemplate, signal);
  return without.kind === "Taken" ? withSidecar.words : undefined;
}

/**
 * Whether pods of the workload may be made with the init-container of a restore, or without it. Quotas are left to the dry run: a pod's requests and limits
 * are the greater of its init-containers' and of the sum of the others', so that it hardly needs more than its predecessor.
 *
 * @param ask annotations by which admission adds it, or takes it out
 * @param isWanted which of the two
 * @throws KubeError when the API server can't be reached
 */
export async function proveRestore(
  client: ProofPorts["client"],
  id: WorkloadId,
  workload: WorkloadObject,
  ask: Ask,
  signal: AbortSignal,
  isWanted = true,
): Promise<Proof> {
  const ports = { client, quotas: [], pullSecrets: [] };
  const admitted = await askAdmission(ports, id, ask, signal);
  if (admitted.kind !== "Admitted") return admitted;
  const { podTemplate } = admitted.workload.facts;
  if (hasRestoreInit(podTemplate) !== isWanted) return { kind: "Vain" };
  const answer = await askPod(ports, workload, podTemplate, signal);
  if (answer.kind === "Unknown") return answer;
  const pods = workload.existingReplicas;
  const isAlsoAsked = answer.kind === "Refused" && pods === 0;
  const without = isAlsoAsked ? await askPod(ports, workload, workload.facts.podTemplate, signal) : undefined;
  const claim = isWanted ? undefined : await findClaimFault(ports.client, workload, podTemplate, signal);
  if (claim !== undefined) return { kind: "Refused", words: claim };
  return decideProof({
    answer,
    without: without?.kind === "Unknown" ? undefined : without,
    added: new Map(),
    pods,
    counted: countPods(admitted.workload, workload.generation),
    // By then it has the strategy of its restore.
    isReplacedInPlace: isReplacedInPlace(admitted.workload),
    quotas: ports.quotas,
  });
}

type Admission = { readonly kind: "Admitted"; readonly workload: WorkloadObject } | Exclude<Proof, { kind: "Passed" }>;

async function askAdmission({ client }: ProofPorts, id: WorkloadId, ask: Ask, signal: AbortSignal): Promise<Admission> {
  try {
    const workload = await resubmit(client, id, ask, { signal, dryRun: true });
    return workload === undefined ? { kind: "Vain" } : { kind: "Admitted", workload };
  } catch (error) {
    if (isNotFound(error)) return { kind: "Vain" };
    return refusalOf(error);
  }
}

type Answer = PodAnswer | { readonly kind: "Unknown"; readonly words: string };

async function askPod(
  { client }: ProofPorts,
  workload: WorkloadObject,
  podTemplate: JsonObject,
  signal: AbortSignal,
): Promise<Answer & { readonly sidecar?: JsonObject | undefined; readonly pod?: unknown }> {
  try {
    const pod = buildProofPod(workload, podTemplate);
    const made = await inNamespace(client, workload.facts.namespace).create(PODS, pod, asIs, { signal, dryRun: true });
    return { kind: "Taken", sidecar: isJsonObject(made) ? findSidecar(made) : undefined, pod: made };
  } catch (error) {
    return refusalOf(error);
  }
}

/** API servers say so of a webhook whose configuration admits side effects. */
const TAKES_NO_DRY_RUN = "does not support dry run";

function refusalOf(error: unknown): { readonly kind: "Refused" | "Unknown"; readonly words: string } {
  if (!(error instanceof KubeError)) throw error;
  if (error.detail.includes(TAKES_NO_DRY_RUN)) return { kind: "Unknown", words: error.detail };
  if (error.retryable) throw error;
  return { kind: "Refused", words: error.detail };
}

function findSidecar(podTemplate: JsonObject): JsonObject | undefined {
  return containersOf(podTemplate).find(({ name }) => name === Container.Sidecar);
}

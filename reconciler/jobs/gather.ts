/** Reads what a job is planned from. Nothing of it is kept by informers: it is asked for once a job. */
import type { AppBinding } from "../../shared/api/app-binding.ts";
import { type FunctionObject, parseFunction } from "../../shared/api/function.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseTask, type Task } from "../../shared/api/task.ts";
import { UserError } from "../../shared/errors.ts";
import { type LimitRange, readLimitRange } from "../../shared/injection/limit-range.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import type { BackupMemberView, RestoreMemberView } from "../../shared/invoker/object.ts";
import { isJsonObject, listAt, textAt, valueAt } from "../../shared/json/value.ts";
import type { KubeClient, Parse } from "../../shared/kube/client/interface.ts";
import { CLAIMS, LIMIT_RANGES, NAMESPACES, PODS } from "../../shared/kube/resources.ts";
import { chooseTask, defaultTaskName } from "../../shared/target/app-binding.ts";
import { formatTarget, type ResolvedTargetRef } from "../../shared/target/ref.ts";
import { catalogueNames } from "./catalogue-names.ts";
import { type GatheredTarget, readClaim } from "./gather-target.ts";
import { makesClaims } from "./host.ts";
import type { ClaimFact, ClaimUser, ResolvedTask } from "./view.ts";

export type JobReader = Pick<KubeClient, "find" | "list">;

/** What a job's view needs of the cluster beside what the caller has. */
export interface GatheredJob {
  readonly namespace: NamespaceFacts;
  readonly limitRanges: readonly LimitRange[];
  readonly task: ResolvedTask | undefined;
  readonly appBinding: AppBinding | undefined;
  readonly claim: ClaimFact | undefined;
  readonly claimUsers: readonly ClaimUser[];
}

/**
 * @param namespace of the session or restore
 * @throws UserError NOT_FOUND when Task or Function does not exist, TARGET_INVALID when no Task is named
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function gatherJob(
  client: JobReader,
  namespace: string,
  member: BackupMemberView | RestoreMemberView,
  verb: "backup" | "restore",
  target: GatheredTarget,
): Promise<GatheredJob> {
  const { ref } = member;
  const { appBinding, claim } = target;
  const [namespaceFacts, limitRanges] = await Promise.all([
    gatherNamespace(client, namespace),
    gatherLimitRanges(client, namespace),
  ]);
  // Files that fill claims need no Task.
  const isFilled = makesClaims(member);
  const fallback = isFilled ? undefined : defaultTaskName(ref.kind, appBinding?.spec, verb);
  const chosen = chooseTask(member.spec.task, appBinding?.spec.parameters, verb, fallback);
  if (chosen === undefined && !(isFilled && verb === "restore")) {
    throw new UserError("TARGET_INVALID", `${formatTarget(ref)} is not a workload, and no task is named for it`, {
      next: "Set task.name, or parameters.stash.addon of the AppBinding.",
    });
  }
  return {
    namespace: namespaceFacts,
    limitRanges,
    task: chosen === undefined ? undefined : await findTask(client, chosen),
    appBinding,
    claim,
    claimUsers: claim === undefined ? [] : await findClaimUsers(client, ref),
  };
}

/** @throws KubeError when the API server refuses or can't be reached */
export async function gatherNamespace(client: Pick<JobReader, "find">, namespace: string): Promise<NamespaceFacts> {
  const found = await client.find(NAMESPACES, undefined, namespace, (raw) => readNamespace(namespace, raw));
  return found ?? { name: namespace, labels: {}, annotations: {} };
}

/** @throws KubeError when the API server refuses or can't be reached */
export async function gatherLimitRanges(
  client: Pick<JobReader, "list">,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly LimitRange[]> {
  const { items } = await client.list(LIMIT_RANGES, namespace, readLimitRange, { signal });
  return items;
}

function readNamespace(name: string, raw: unknown): NamespaceFacts {
  return {
    name,
    labels: textMapAt(raw, "metadata", "labels"),
    annotations: textMapAt(raw, "metadata", "annotations"),
  };
}

async function findTask(client: JobReader, chosen: ResolvedTask["chosen"]): Promise<ResolvedTask> {
  const task = await findInCatalogue(client, KINDS.Task, chosen.name, parseTask);
  const names = (task.spec.steps ?? []).map(({ name }) => name ?? "");
  const functions: FunctionObject[] = [];
  for (const name of names) functions.push(await findInCatalogue(client, KINDS.Function, name, parseFunction));
  return { chosen, task, functions };
}

/** The first of the names that the name may mean. */
async function findInCatalogue<T extends Task | FunctionObject>(
  client: JobReader,
  kind: typeof KINDS.Task | typeof KINDS.Function,
  name: string,
  parse: Parse<T>,
): Promise<T> {
  const names = catalogueNames(name).filter((candidate) => candidate !== "");
  for (const candidate of names) {
    const found = await client.find(kind, undefined, candidate, parse);
    if (found !== undefined) return found;
  }
  throw new UserError("NOT_FOUND", `${kind.kind} ${names.join(" or ") || '""'} does not exist`, {
    next: `Install the catalogue (manifests/catalog), or create the ${kind.kind}.`,
  });
}

/**
 * The claim that a local backend is, and the pods that mount it.
 *
 * @throws UserError NOT_FOUND when it does not exist; KubeError
 */
export async function gatherBackendClaim(
  client: JobReader,
  namespace: string,
  name: string,
): Promise<Pick<GatheredJob, "claim" | "claimUsers">> {
  const ref = { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace, name };
  const claim = await client.find(CLAIMS, namespace, name, readClaim);
  if (claim === undefined) throw new UserError("NOT_FOUND", `${formatTarget(ref)} does not exist`);
  return { claim, claimUsers: await findClaimUsers(client, ref) };
}

/** Pods on a node that mount the claim, oldest first. */
async function findClaimUsers(client: JobReader, ref: ResolvedTargetRef): Promise<readonly ClaimUser[]> {
  const { items } = await client.list(PODS, ref.namespace, (raw) => readClaimUser(raw, ref.name));
  const users = items.flatMap((user) => (user === undefined ? [] : [user]));
  return users.sort((a, b) => a.createdAtMs - b.createdAtMs);
}

function readClaimUser(raw: unknown, claimName: string): (ClaimUser & { readonly createdAtMs: number }) | undefined {
  const volumeNames = listAt(raw, "spec", "volumes").flatMap((volume) => {
    const name = textAt(volume, "name");
    return name !== undefined && textAt(volume, "persistentVolumeClaim", "claimName") === claimName ? [name] : [];
  });
  const nodeName = textAt(raw, "spec", "nodeName");
  const phase = textAt(raw, "status", "phase");
  const spec = valueAt(raw, "spec");
  const isGone = valueAt(raw, "metadata", "deletionTimestamp") !== undefined;
  if (volumeNames.length === 0 || !nodeName || phase === "Succeeded" || phase === "Failed" || isGone) return undefined;
  return {
    pod: textAt(raw, "metadata", "name") ?? "",
    nodeName,
    podTemplate: isJsonObject(spec) ? { spec } : {},
    volumeNames,
    createdAtMs: Date.parse(textAt(raw, "metadata", "creationTimestamp") ?? "") || 0,
  };
}

/**
 * Host runs: the orders that follow from the entries of a session or restore. What is ordered is made of objects that nobody
 * but the reconciler and the invoker's author writes; entries say only whose turn it is. Pure.
 */
import type { Handler } from "../../shared/api/hooks.ts";
import { type HostRun, type HostRunSpec, parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Repository } from "../../shared/api/repository.ts";
import { Label } from "../../shared/contract.ts";
import { canonicalJson, shortHash } from "../../shared/hash.ts";
import { agentPart } from "../../shared/hooks/parts.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import type { ResolvedTargetRef } from "../../shared/target/ref.ts";
import { type NamedPort, withPortNumbers } from "../hooks/port-names.ts";
import { type HostEntry, isOpenHost } from "./entries.ts";

/** The session or restore that host runs are part of. */
export interface RunOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What tells one host run of a run from the others. */
export interface HostRunKey {
  readonly targetIndex: number;
  readonly host: string;
  readonly attempt: number;
  readonly podUid: string;
}

/** The same order always has the same name, so "already exists" means "already given". */
export function hostRunName(owner: Pick<RunOwner, "name" | "uid">, key: HostRunKey): string {
  const { targetIndex, host, attempt, podUid } = key;
  return nameWithSuffix(owner.name, shortHash(canonicalJson([owner.uid, targetIndex, host, attempt, podUid])));
}

/** @returns undefined while no pod has the host's turn */
export function keyOfEntry(targetIndex: number, entry: HostEntry): HostRunKey | undefined {
  const { hostname, podUID, attempt = 1 } = entry;
  return hostname && podUID ? { targetIndex, host: hostname, attempt, podUid: podUID } : undefined;
}

/** Whether the pod has told how its work ended. */
function isEndedRun(run: HostRun | undefined): boolean {
  return run?.status?.phase === "Succeeded" || run?.status?.phase === "Failed";
}

/** By name. */
export type HostRuns = ReadonlyMap<string, HostRun>;

/** Fields that may change after a host run was made. Everything else is settled with it. */
const MUTABLE = ["actions", "actionParams", "retention", "cancel", "isOver"] as const;
type MutablePart = Pick<HostRunSpec, (typeof MUTABLE)[number]>;

export interface HostRunOrder {
  readonly name: string;
  readonly spec: HostRunSpec;
}

export type HostRunChange =
  | { readonly kind: "create"; readonly object: HostRun }
  | { readonly kind: "patch"; readonly name: string; readonly uid: string; readonly spec: object }
  /** No entry orders it any more. */
  | { readonly kind: "withdraw"; readonly name: string; readonly uid: string; readonly spec: object };

/** Without fields that are empty texts: servers of 1.20 take them for null, and refuse that. */
function withoutEmptyTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmptyTexts);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== "" && field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutEmptyTexts(field)]));
}

/** @throws UserError INVALID_OBJECT when the order is none */
export function buildHostRun(owner: RunOwner, { name, spec }: HostRunOrder): HostRun {
  const { apiVersion, kind, name: ownerName, uid } = owner;
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: KINDS.HostRun.kind,
    metadata: {
      name,
      namespace: owner.namespace,
      labels: { [Label.PodUid]: spec.pod.uid },
      ownerReferences: [{ apiVersion, kind, name: ownerName, uid, controller: true }],
    },
    spec: withoutEmptyTexts(spec),
  });
}

/** A pod has to have a name and a uid. This is none. */
const NO_POD = { name: "none", uid: "none" };

/**
 * A host run that orders nothing: it keeps what only the reconciler may write.
 *
 * @param host by which it is told from others of its run
 * @throws UserError INVALID_OBJECT
 */
export function buildRecordRun(
  owner: RunOwner,
  name: string,
  host: string,
  kept: Pick<HostRunSpec, "owed" | "record">,
): HostRun {
  const { kind, name: runName, uid } = owner;
  return buildHostRun(owner, {
    name,
    spec: { work: "Record", run: { kind, name: runName, uid }, host, pod: NO_POD, ...kept },
  });
}

/** The merge patch that brings the changeable part of one spec to another; undefined when they agree. */
function mutablePatch(before: MutablePart, after: MutablePart): object | undefined {
  const changed = MUTABLE.filter(
    (field) => canonicalJson(before[field] ?? null) !== canonicalJson(after[field] ?? null),
  );
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map((field) => [field, withoutEmptyTexts(after[field] ?? null)]));
}

/** Not ordered by an entry: what lets a pod go, and records. */
function isApart({ spec }: HostRun): boolean {
  return spec.release !== undefined || spec.work === "Record";
}

function whyStale({ spec }: HostRun): HostRunSpec["cancel"] {
  return spec.work === "Hook"
    ? { reason: "HOOK_FAILED", message: "the hook was given up" }
    : { reason: "EXECUTOR_LOST", message: "the host was given to another pod" };
}

/**
 * What is to be written so that the host runs are as ordered. One that is no longer ordered and has not ended is cancelled:
 * its host is another pod's, or nobody's.
 *
 * @param hooks names of the orders to global hooks that run now: another's has been given up
 */
export function planHostRuns(
  owner: RunOwner,
  orders: readonly HostRunOrder[],
  known: HostRuns,
  hooks: readonly string[] = [],
): readonly HostRunChange[] {
  const wanted = new Set([...orders.map(({ name }) => name), ...hooks]);
  const changes = orders.flatMap((order): HostRunChange[] => {
    const { name, spec } = order;
    const present = known.get(name);
    if (present === undefined) return [{ kind: "create", object: buildHostRun(owner, order) }];
    const patch = mutablePatch(present.spec, spec);
    return patch === undefined ? [] : [{ kind: "patch", name, uid: present.metadata.uid ?? "", spec: patch }];
  });
  const stale = [...known.values()].filter(
    (run) => !wanted.has(run.metadata.name) && !isEndedRun(run) && run.spec.cancel === undefined && !isApart(run),
  );
  return [
    ...changes,
    ...stale.map(
      (run): HostRunChange => ({
        kind: "withdraw",
        name: run.metadata.name,
        uid: run.metadata.uid ?? "",
        spec: { cancel: whyStale(run) },
      }),
    ),
  ];
}

/** Why a pod is to end its work: its host was given up, and it has not told an end itself. */
export function cancelOf(entry: HostEntry, known: HostRun | undefined): Pick<HostRunSpec, "cancel"> {
  if (known?.spec.cancel !== undefined) return { cancel: known.spec.cancel };
  if (isOpenHost(entry) || entry.phase === "Succeeded" || known === undefined || isEndedRun(known)) return {};
  return { cancel: { reason: entry.reason || "EXECUTOR_LOST", message: entry.error || "the host was given up" } };
}

/** Actions of an entry but those that another pod has ended. */
export function actionsOf(entry: HostEntry, known: HostRun | undefined): Pick<HostRunSpec, "actions"> {
  const own = new Set((known?.status?.results ?? []).map(({ action }) => action));
  const elsewhere = new Set(
    (entry.results ?? [])
      .filter(({ action, phase }) => phase !== "Running" && !own.has(action))
      .map(({ action }) => action),
  );
  const actions = (entry.actions ?? []).filter((action) => !elsewhere.has(action));
  return actions.length === 0 ? {} : { actions };
}

/**
 * The part of a member's hooks that runs in the pod.
 *
 * @param ports of the pod's containers: its agent may not read them
 */
export function hooksOrder(
  before: Handler | undefined,
  after: (Handler & { readonly executionPolicy?: string }) | undefined,
  ports: readonly NamedPort[],
): Pick<HostRunSpec, "hooks"> {
  const { executionPolicy, ...afterHandler } = after ?? {};
  const partOf = (handler: Handler | undefined): Handler | undefined => {
    const part = agentPart(handler);
    return part && withPortNumbers(part, ports);
  };
  const own = { before: partOf(before), after: after && partOf(afterHandler) };
  if (own.before === undefined && own.after === undefined) return {};
  return {
    hooks: {
      ...(own.before !== undefined && { before: own.before }),
      ...(own.after !== undefined && { after: own.after }),
      ...(executionPolicy !== undefined && { afterPolicy: executionPolicy }),
    },
  };
}

/** The Repository itself, not what a status says of it. */
export function repositoryOrder(repository: Repository | undefined): Pick<HostRunSpec, "repository"> {
  if (repository === undefined) return {};
  const { name, namespace } = repository.metadata;
  const { backend } = repository.spec;
  return { repository: { name, namespace, ...(backend !== undefined && { backend }) } };
}

/** Fields that every order of a host has. */
export function hostOrder(
  owner: RunOwner,
  place: { readonly key: HostRunKey; readonly ref: ResolvedTargetRef; readonly alias: string | undefined },
  entry: HostEntry,
) {
  const { key, ref, alias } = place;
  const { kind, name, uid } = owner;
  return {
    run: { kind, name, uid },
    targetIndex: key.targetIndex,
    target: ref,
    ...(alias !== undefined && { alias }),
    host: key.host,
    pod: { name: entry.pod ?? "", uid: key.podUid },
    attempt: key.attempt,
    ...(entry.assignedAt !== undefined && { assignedAt: entry.assignedAt }),
    ...(entry.actionParams !== undefined && { actionParams: entry.actionParams }),
  };
}

/** Writes host runs: makes those that are ordered, and changes what may change of those that are there. */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { type AppBindingOrder, type HostRun, parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { HostRunChange } from "./host-runs.ts";

/** As many are written at the same time: a DaemonSet of thousands must not wait for them one by one. */
const AT_ONCE = 16;

export type HostRunWriter = Pick<KubeClient, "create" | "find" | "patch">;

/** The session or restore that the changes were planned for, as it was read then. */
export interface PlannedFor {
  readonly resource: Resource;
  readonly metadata: {
    readonly namespace: string;
    readonly name: string;
    readonly resourceVersion?: string | undefined;
  };
}

/**
 * Who looks at an old state, as one who led before and does not know yet, finds host runs that nothing in it orders. So none
 * is withdrawn unless the API server has no newer state.
 *
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function syncHostRuns(
  client: HostRunWriter,
  run: PlannedFor,
  changes: readonly HostRunChange[],
  signal: AbortSignal,
): Promise<void> {
  const isOld = changes.some(({ kind }) => kind === "withdraw") && !(await isNewest(client, run, signal));
  const due = isOld ? changes.filter(({ kind }) => kind !== "withdraw") : changes;
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const some = due.slice(from, from + AT_ONCE);
    await Promise.all(some.map((change) => writeHostRun(client, run.metadata.namespace, change, signal)));
  }
}

async function isNewest(
  client: HostRunWriter,
  { resource, metadata }: PlannedFor,
  signal: AbortSignal,
): Promise<boolean> {
  const newest = await client.find(resource, metadata.namespace, metadata.name, asIs, { signal });
  return textAt(newest, "metadata", "resourceVersion") === metadata.resourceVersion;
}

/** @throws KubeError when the API server refuses or can't be reached */
export async function writeHostRun(
  client: HostRunWriter,
  namespace: string,
  change: HostRunChange,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (change.kind === "create") {
      const object = await withApplication(client, namespace, change.object, signal);
      await client.create(KINDS.HostRun, namespace, object, parseHostRun, { signal });
      return;
    }
    const body = { ...(change.uid !== "" && { metadata: { uid: change.uid } }), spec: change.spec };
    await client.patch(KINDS.HostRun, namespace, change.name, { kind: "merge", body }, parseHostRun, { signal });
  } catch (error) {
    // Made by an earlier try; gone with its run, or made anew: the watch will tell.
    const isSettled = change.kind === "create" ? isAlreadyExists(error) : isNotFound(error) || isConflict(error);
    if (!isSettled) throw error;
  }
}

/** With the application whose data it is, as it is now: the pod has no right to read it. Only one of the run's namespace. */
async function withApplication(
  client: HostRunWriter,
  namespace: string,
  object: HostRun,
  signal: AbortSignal,
): Promise<HostRun> {
  const { target } = object.spec;
  const isHere = target?.namespace === undefined || target.namespace === namespace;
  if (target?.kind !== KINDS.AppBinding.kind || target.name === undefined || !isHere) return object;
  const appBinding = await readApplication(client, namespace, target.name, signal);
  return appBinding === undefined ? object : { ...object, spec: { ...object.spec, appBinding } };
}

async function readApplication(
  client: HostRunWriter,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<AppBindingOrder | undefined> {
  try {
    const binding = await client.find(KINDS.AppBinding, namespace, name, parseAppBinding, { signal });
    if (binding === undefined) return undefined;
    const { parameters: _parameters, appRef: _appRef, ...spec } = binding.spec;
    return { namespace, name, ...spec };
  } catch (error) {
    // One that can't be read is none for the pod either: it says so.
    if (error instanceof UserError && error.code === "INVALID_OBJECT") return undefined;
    throw error;
  }
}

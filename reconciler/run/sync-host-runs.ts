/** Writes host runs: makes those that are ordered, and changes what may change of those that are there. */
import { parseAppBinding } from "../../shared/api/app-binding.ts";
import { type AppBindingOrder, type HostRun, parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../shared/kube/kube-error.ts";
import type { HostRunChange } from "./host-runs.ts";

/** As many are written at the same time: a DaemonSet of thousands must not wait for them one by one. */
const AT_ONCE = 16;

export type HostRunWriter = Pick<KubeClient, "create" | "find" | "patch">;

/**
 * @param namespace of the run
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function syncHostRuns(
  client: HostRunWriter,
  namespace: string,
  changes: readonly HostRunChange[],
  signal: AbortSignal,
): Promise<void> {
  for (let from = 0; from < changes.length; from += AT_ONCE) {
    await Promise.all(changes.slice(from, from + AT_ONCE).map((change) => write(client, namespace, change, signal)));
  }
}

async function write(
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

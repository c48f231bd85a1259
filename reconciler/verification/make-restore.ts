/** Makes the throw-away claims of a drill, AppBindings for its servers, and the batch that restores into them. What is there already was made by an earlier try. */
import { KINDS } from "../../shared/api/kinds.ts";
import { formatDuration } from "../../shared/duration.ts";
import { UserError } from "../../shared/errors.ts";
import { asIs } from "../../shared/kube/client.ts";
import { listAt, textAt } from "../../shared/kube/json-value.ts";
import { isAlreadyExists } from "../../shared/kube/kube-error.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { NamespaceClient } from "../authority.ts";
import { CLAIMS } from "../jobs/gather-target.ts";
import { buildDrillBatch, buildDrillClaim } from "./objects.ts";
import { buildServerBinding } from "./server-objects.ts";
import type { DrillView } from "./view.ts";

/** A restore that has less time left than this begins all the same: its deadline ends it. */
const SHORTEST_MS = 1_000;

/**
 * @throws UserError TARGET_INVALID when a name is taken by somebody else; INVALID_OBJECT
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function makeRestore(
  here: NamespaceClient,
  view: DrillView,
  now: Date,
  signal: AbortSignal,
): Promise<undefined> {
  const { drill, verifier, invoker } = view;
  const { volumes = [], servers = [], deadline = "" } = drill.status ?? {};
  if (verifier === undefined || invoker === undefined) {
    throw new UserError("NOT_FOUND", `the invoker of drill ${drill.metadata.namespace}/${drill.metadata.name} is gone`);
  }
  const { storage, runtimeSettings } = verifier.spec;
  const uid = drill.metadata.uid ?? "";
  for (const volume of volumes) {
    await createOwn(here, CLAIMS, buildDrillClaim(drill, volume, storage), uid, signal);
  }
  for (const server of servers) {
    await createOwn(here, KINDS.AppBinding, buildServerBinding(drill, server), uid, signal);
  }
  const leftMs = Math.max(SHORTEST_MS, Date.parse(deadline) - now.getTime() || SHORTEST_MS);
  const timeOut = formatDuration(Math.round(leftMs / 1_000) * 1_000);
  const batch = buildDrillBatch({ drill, volumes, servers, invoker, settings: runtimeSettings, timeOut });
  await createOwn(here, KINDS.RestoreBatch, batch, uid, signal);
  return undefined;
}

/** Creates the object, unless it is there and belongs to the drill. @throws as makeRestore() */
export async function createOwn(
  here: NamespaceClient,
  resource: Resource,
  object: unknown,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const name = textAt(object, "metadata", "name") ?? "";
  try {
    await here.create(resource, object, asIs, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const existing = await here.find(resource, name, asIs, { signal });
    if (existing === undefined) throw error;
    if (isOwnedBy(existing, uid)) return;
    throw new UserError(
      "TARGET_INVALID",
      `${resource.plural} ${here.namespace}/${name} exists and is not the drill's`,
      {
        next: "Delete or rename it.",
      },
    );
  }
}

export function isOwnedBy(object: unknown, uid: string): boolean {
  return uid !== "" && listAt(object, "metadata", "ownerReferences").some((owner) => textAt(owner, "uid") === uid);
}

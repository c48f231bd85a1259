/** Makes the throw-away claims of a drill, AppBindings for its servers, and the batch that restores into them. What is there already was made by an earlier try. */
import { KINDS } from "../../shared/api/kinds.ts";
import { formatDuration } from "../../shared/duration.ts";
import { UserError } from "../../shared/errors.ts";
import { CLAIMS } from "../../shared/kube/resources.ts";
import { inNamespace } from "../authority.ts";
import { createOwn } from "./create-own.ts";
import { makeNetwork, type NetworkClient } from "./make-network.ts";
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
  client: NetworkClient,
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
  const here = inNamespace(client, drill.metadata.namespace);
  // Servers have it before.
  if (servers.length === 0) await makeNetwork(client, view, signal);
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

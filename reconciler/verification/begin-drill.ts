/** Begins a drill: nothing is made before it is known what, and that there is room, and all of it is written down. */
import { UserError } from "../../shared/errors.ts";
import { notBegun } from "./begin.ts";
import { gatherBindings, type ServerPorts } from "./make-servers.ts";
import { drillNameOf } from "./objects.ts";
import { whyNoPods } from "./pod-room.ts";
import { whyNoRoom } from "./room.ts";
import { type DrillDatabase, planServers } from "./servers.ts";
import { type DrillStatus, ended, ending, withConditions } from "./status.ts";
import type { DrillView } from "./view.ts";

/** @returns the status to be written @throws KubeError when the API server can't be reached */
export async function beginDrill(
  ports: ServerPorts,
  view: DrillView,
  { status: first, databases }: { readonly status: DrillStatus; readonly databases: readonly DrillDatabase[] },
): Promise<DrillStatus> {
  const { drill, verifier } = view;
  const { client, now, signal } = ports;
  const status = await withServers(ports, drill, verifier?.spec ?? {}, { first, databases });
  if (status.phase !== "Running") return status;
  const { volumes = [], servers = [] } = status;
  const claims = [...volumes, ...servers.map(({ name, size }) => ({ claim: name, size }))];
  let full: string | undefined;
  try {
    full =
      (await whyNoRoom(client, drill, claims, verifier?.spec.storage, signal)) ??
      (await whyNoPods(ports, view, status));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return notBegun(drill, error, now);
  }
  if (full === undefined) return status;
  const words = { reason: "DRILL_NO_ROOM", message: full };
  return withConditions(ended(ending(drill.status ?? {}, "Skipped", words, now), now), drill, now);
}

async function withServers(
  ports: ServerPorts,
  drill: DrillView["drill"],
  verifier: Parameters<typeof planServers>[0]["verifier"],
  { first, databases }: { readonly first: DrillStatus; readonly databases: readonly DrillDatabase[] },
): Promise<DrillStatus> {
  if (databases.length === 0) return first;
  const bindings = await gatherBindings(ports, drill.metadata.namespace, databases);
  try {
    const servers = planServers({ drill: drillNameOf(drill), databases, bindings, verifier });
    return { ...first, servers };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return notBegun(drill, error, ports.now);
  }
}

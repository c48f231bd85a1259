/** What keeps a pod from being ready where that is, or may be, our sidecar alone: everything else in it is as it should be. */
import { Container } from "../../shared/contract.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { readRoomWait } from "./room-wait.ts";
import { readVolumeWait } from "./volume-wait.ts";

export interface PodHoldup {
  /** The cluster's words. */
  readonly words: string;
  /** The pod has not begun, which its volumes of these names may be why of: the kubelet's Events tell. */
  readonly volumes?: readonly string[];
  /** The sidecar runs again after it was killed for its memory, the last time then; undefined where it holds the pod up now. */
  readonly killedAtMs?: number;
}

/** On its way, and no fault. */
const ON_ITS_WAY: readonly string[] = ["ContainerCreating", "PodInitializing"];
/** So many kills are no accident. */
const KILLS = 3;

/** @returns undefined for a pod that has no sidecar, is ready, or is held up by something else (too) */
export function readHoldup(raw: unknown): PodHoldup | undefined {
  const room = readRoomWait(raw);
  if (room !== undefined) return { words: room };
  const running = listAt(raw, "status", "containerStatuses");
  const first = listAt(raw, "status", "initContainerStatuses").find(isSidecar);
  const sidecar = running.find(isSidecar) ?? first;
  const wait = readVolumeWait(raw);
  if (wait !== undefined || sidecar === undefined) return wait;
  const killed = readKills(sidecar);
  if (valueAt(sidecar, "ready") === true) return killed;
  const others = running.filter((status) => !isSidecar(status));
  // Behind a sidecar among the init-containers nothing else has begun.
  const isAlone =
    first === undefined
      ? others.length > 0 && others.every((status) => valueAt(status, "ready") === true)
      : others.every((status) => textAt(status, "state", "waiting", "reason") === "PodInitializing");
  if (!isAlone) return killed;
  const words = whyNotReady(sidecar);
  return words === undefined ? killed : { words: `container ${Container.Sidecar}: ${words}` };
}

function isSidecar(status: unknown): boolean {
  return textAt(status, "name") === Container.Sidecar;
}

function whyNotReady(sidecar: unknown): string | undefined {
  const reason = textAt(sidecar, "state", "waiting", "reason");
  if (reason !== undefined) {
    if (ON_ITS_WAY.includes(reason)) return undefined;
    const last = textAt(sidecar, "lastState", "terminated", "reason");
    const more = [
      textAt(sidecar, "state", "waiting", "message"),
      last === undefined ? undefined : `last ended by ${last}`,
    ];
    return [reason, ...more.filter((word) => word !== undefined)].join(": ");
  }
  const ended = textAt(sidecar, "state", "terminated", "reason");
  return ended === undefined ? "it runs and is not ready" : `it ended: ${ended}`;
}

function readKills(sidecar: unknown): PodHoldup | undefined {
  const ended = valueAt(sidecar, "state", "terminated") ?? valueAt(sidecar, "lastState", "terminated");
  const restarts = numberAt(sidecar, "restartCount") ?? 0;
  if (textAt(ended, "reason") !== "OOMKilled" || restarts < KILLS) return undefined;
  const killedAtMs = Date.parse(textAt(ended, "finishedAt") ?? "");
  if (Number.isNaN(killedAtMs)) return undefined;
  return { words: `container ${Container.Sidecar}: OOMKilled, ${restarts} restarts so far`, killedAtMs };
}

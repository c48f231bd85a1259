/** A pod as the informer keeps it: what sequencing needs, and none of the rest. */
import { Container } from "../../shared/contract.ts";
import { placeOf, sourceOf } from "../../shared/injection/mounts.ts";
import { appliedHashes } from "../../shared/injection/own-parts.ts";
import { objectsAt, type TextMap, textMapAt } from "../../shared/injection/workload.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import type { NamedPort } from "../hooks/port-names.ts";
import type { AgentFact, PodFact } from "../run/world.ts";
import { applicationNames } from "./main-container.ts";
import { readNestedMounts } from "./nested-mounts.ts";
import { type PodHoldup, readHoldup } from "./pod-holdup.ts";
import { readUnschedulable } from "./room-wait.ts";

export interface PodObject extends PodFact {
  readonly labels: TextMap;
  /** What its sidecar was built from. */
  readonly backupHash: string | undefined;
  /** Why it is not ready, where that is the sidecar alone. */
  readonly holdup: PodHoldup | undefined;
  /** The controller that made it. */
  readonly owner: { readonly kind: string; readonly name: string; readonly uid: string } | undefined;
}

function isNamed(name: string): (item: unknown) => boolean {
  return (item) => textAt(item, "name") === name;
}

function flagValue(container: unknown, flag: string): string | undefined {
  const args = listAt(container, "args").filter((arg) => typeof arg === "string");
  return args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

/** `Kind/name` of the invoker that the arguments of one of our containers name. */
export function servedInvoker(container: unknown): string | undefined {
  const kind = flagValue(container, "--invoker-kind");
  const name = flagValue(container, "--invoker-name");
  return kind === undefined || name === undefined ? undefined : `${kind}/${name}`;
}

/** The target that they name: the pod's own namespace where they name none. */
function servedTarget(container: unknown, namespace: string): Pick<AgentFact, "target"> {
  const kind = flagValue(container, "--target-kind");
  const name = flagValue(container, "--target-name");
  if (kind === undefined || name === undefined) return {};
  return { target: { kind, namespace: flagValue(container, "--target-namespace") ?? namespace, name } };
}

function readAgent(raw: unknown, container: string): AgentFact | undefined {
  const specs = [...listAt(raw, "spec", "containers"), ...listAt(raw, "spec", "initContainers")];
  const spec = specs.find(isNamed(container));
  if (spec === undefined) return undefined;
  const statuses = [...listAt(raw, "status", "containerStatuses"), ...listAt(raw, "status", "initContainerStatuses")];
  const status = statuses.find(isNamed(container));
  const startedAt = textAt(status, "state", "running", "startedAt");
  const idle = valueAt(status, "state", "waiting") ?? valueAt(status, "state", "terminated");
  const words = [textAt(idle, "reason"), textAt(idle, "message")].filter((word) => word !== undefined);
  return {
    isRunning: valueAt(status, "state", "running") !== undefined,
    startedAtMs: startedAt === undefined ? undefined : Date.parse(startedAt),
    message: words.length === 0 ? readUnschedulable(raw) : words.join(": "),
    lastEnd: textAt(status, "lastState", "terminated", "reason"),
    exitCode: numberAt(status, "state", "terminated", "exitCode"),
    serves: servedInvoker(spec),
    mounts: readMounts(spec),
    ...servedTarget(spec, textAt(raw, "metadata", "namespace") ?? ""),
  };
}

/** Pods of one workload mount the same, and a cluster may have thousands of them. */
const REMEMBERED_MOUNTS = 1_000;
const knownMounts = new Map<string, ReadonlyMap<string, string>>();

function readMounts(container: unknown): ReadonlyMap<string, string> {
  const entries = objectsAt(container, "volumeMounts").map((mount): readonly [string, string] => {
    const [subPath, subPathExpr] = [textAt(mount, "subPath"), textAt(mount, "subPathExpr")];
    return [
      placeOf(textAt(mount, "mountPath") ?? ""),
      sourceOf({ name: textAt(mount, "name") ?? "", subPath, subPathExpr }),
    ];
  });
  const key = JSON.stringify(entries);
  const known = knownMounts.get(key) ?? new Map(entries);
  if (knownMounts.size >= REMEMBERED_MOUNTS) knownMounts.clear();
  knownMounts.set(key, known);
  return known;
}

function readOwner(raw: unknown): PodObject["owner"] {
  const owner = listAt(raw, "metadata", "ownerReferences").find((ref) => valueAt(ref, "controller") === true);
  if (owner === undefined) return undefined;
  return { kind: textAt(owner, "kind") ?? "", name: textAt(owner, "name") ?? "", uid: textAt(owner, "uid") ?? "" };
}

function readPorts(container: unknown): readonly NamedPort[] {
  const ofContainer = textAt(container, "name") ?? "";
  return listAt(container, "ports").flatMap((port) => {
    const [name, number] = [textAt(port, "name"), numberAt(port, "containerPort")];
    return name === undefined || number === undefined ? [] : [{ container: ofContainer, name, number }];
  });
}

/** Reads a pod; undefined when it carries none of our containers. */
export function readPod(raw: unknown): PodObject | undefined {
  const sidecar = readAgent(raw, Container.Sidecar);
  const restoreInit = readAgent(raw, Container.RestoreInit);
  if (sidecar === undefined && restoreInit === undefined) return undefined;
  const nestedMounts = sidecar?.mounts && readNestedMounts(raw, sidecar.mounts);
  const phase = textAt(raw, "status", "phase");
  const ready = listAt(raw, "status", "conditions").find((condition) => textAt(condition, "type") === "Ready");
  return {
    namespace: textAt(raw, "metadata", "namespace") ?? "",
    name: textAt(raw, "metadata", "name") ?? "",
    uid: textAt(raw, "metadata", "uid") ?? "",
    nodeName: textAt(raw, "spec", "nodeName") || undefined,
    podIp: textAt(raw, "status", "podIP") || undefined,
    createdAtMs: Date.parse(textAt(raw, "metadata", "creationTimestamp") ?? "") || 0,
    isReady: textAt(ready, "status") === "True",
    isTerminating: valueAt(raw, "metadata", "deletionTimestamp") !== undefined,
    isEnded: phase === "Succeeded" || phase === "Failed",
    graceSeconds: numberAt(raw, "spec", "terminationGracePeriodSeconds"),
    containers: applicationNames(raw),
    namedPorts: [...listAt(raw, "spec", "containers"), ...listAt(raw, "spec", "initContainers")].flatMap(readPorts),
    sidecar,
    ...(nestedMounts !== undefined && { nestedMounts }),
    restoreInit,
    labels: textMapAt(raw, "metadata", "labels"),
    backupHash: appliedHashes(raw).backup,
    holdup: readHoldup(raw),
    owner: readOwner(raw),
  };
}

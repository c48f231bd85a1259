/** Which containers log what a run does. Pure. */
import { Container } from "../../shared/contract.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import type { RunObject } from "../objects/read-run.ts";
import { memberName } from "../objects/session-facts.ts";

/** A host of a run, and the pod that serves it. */
export interface HostPod {
  readonly member: string;
  readonly host: string;
  readonly pod: string;
  readonly podUid: string | undefined;
}

/** Hosts that were given to a pod. */
export function podsOfRun(run: RunObject): readonly HostPod[] {
  const entries =
    run.kind === "BackupSession"
      ? (run.status?.targets ?? [])
      : run.kind === "RestoreBatch"
        ? (run.status?.members ?? [])
        : [{ ...run.spec.target, stats: run.status?.stats ?? [] }];
  return entries.flatMap((entry) =>
    (entry.stats ?? []).flatMap(({ hostname = "", pod, podUID }): HostPod[] =>
      pod === undefined ? [] : [{ member: memberName(entry), host: hostname, pod, podUid: podUID }],
    ),
  );
}

/**
 * Names of the containers of ours in a pod: the sidecar of a backup, the init-container of a restore, or all that a Job's pod
 * runs one after another. Those that have not started yet have no log.
 */
export function logContainers(pod: unknown, isRestore: boolean): readonly string[] {
  const own = isRestore ? Container.RestoreInit : Container.Sidecar;
  const names = ["initContainers", "containers"].flatMap((list) => {
    return objectsAt(valueAt(pod, "spec"), list).flatMap((container) => textAt(container, "name") ?? []);
  });
  const wanted = names.includes(own) ? [own] : names;
  return wanted.filter((name) => hasStarted(pod, name));
}

function hasStarted(pod: unknown, name: string): boolean {
  const statuses = ["initContainerStatuses", "containerStatuses"].flatMap((list) => {
    return objectsAt(valueAt(pod, "status"), list);
  });
  const state = statuses.find((status) => textAt(status, "name") === name);
  return valueAt(state, "state", "running") !== undefined || valueAt(state, "state", "terminated") !== undefined;
}

const LEVELS: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };
/** Fields that every line of ours has, and that its prefix tells. */
const TOLD: readonly string[] = ["level", "time", "msg", "program", "pid", "hostname"];

/** A line of ours as a sentence: its time, level, message and fields. Other lines as they are. */
export function formatLogLine(line: string): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return line;
  }
  const [level, time] = [valueAt(parsed, "level"), valueAt(parsed, "time")];
  const message = textAt(parsed, "msg");
  if (typeof level !== "number" || typeof time !== "number" || message === undefined) return line;
  const fields = Object.entries(Object(parsed)).filter(([key]) => !TOLD.includes(key));
  const facts = fields.map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const clock = new Date(time).toISOString().slice(11, 19);
  return [clock, (LEVELS[level] ?? String(level)).padEnd(5), message, ...facts].join(" ").trimEnd();
}

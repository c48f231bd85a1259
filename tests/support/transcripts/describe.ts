/** What changed in a status, in lines that a person reads. */
import type { HookRun } from "../../../reconciler/hooks/plan.ts";
import type { HostEntry, TargetEntry } from "../../../reconciler/run/entries.ts";
import type { RunStatus } from "../../../reconciler/run/facts.ts";
import type { Condition } from "../../../shared/api/condition.ts";

interface DescribedStatus extends RunStatus {
  readonly phase?: string;
}

/** @param subject what the status is of, `session` or `restore` */
export function describeChanges(before: DescribedStatus, after: DescribedStatus, subject: string): readonly string[] {
  const targets = (after.targets ?? []).flatMap((target, index) =>
    describeTarget(before.targets?.[index], target, nameOf(target, index)),
  );
  return [
    ...describeConditions(before.conditions, after.conditions, subject),
    ...targets,
    ...(before.phase === after.phase ? [] : [`${subject} is ${after.phase}`]),
  ];
}

function nameOf(target: TargetEntry, index: number): string {
  return target.alias ?? target.ref?.name ?? `target ${index}`;
}

function describeTarget(before: TargetEntry | undefined, after: TargetEntry, name: string): readonly string[] {
  const hosts = (after.stats ?? []).flatMap((host, index) => describeHost(before?.stats?.[index], host, name));
  const hold = after.message && after.message !== before?.message ? [`${name}: ${after.reason}: ${after.message}`] : [];
  return [
    ...hold,
    ...describeConditions(before?.conditions, after.conditions, name),
    ...hosts,
    ...(before?.phase === after.phase ? [] : [`${name} is ${after.phase}`]),
  ];
}

function describeHost(before: HostEntry | undefined, after: HostEntry, target: string): readonly string[] {
  const name = `${target} host ${after.hostname}`;
  const lines: string[] = [];
  if (after.podUID !== undefined && after.podUID !== before?.podUID) {
    lines.push(`${name} is given to pod ${after.pod}${(after.attempt ?? 1) > 1 ? `, attempt ${after.attempt}` : ""}`);
  }
  if (before?.phase === "Failed" && after.phase === "Pending")
    lines.push(`${name} is tried again, attempt ${after.attempt}`);
  if (before?.podUID !== undefined && after.podUID === undefined) lines.push(`${name} waits for another pod`);
  if (before === undefined && after.podUID === undefined && after.phase === "Pending") {
    lines.push(`${name} waits for a pod`);
  }
  const actions = (after.actions ?? []).filter((action) => !(before?.actions ?? []).includes(action));
  if (actions.length > 0) lines.push(`${name} is to do ${actions.join(", ")}`);
  const removable = after.actionParams?.removableLocks ?? [];
  if (removable.length > (before?.actionParams?.removableLocks ?? []).length) {
    lines.push(`${name} may remove locks ${removable.join(", ")}`);
  }
  if (after.phase !== before?.phase && after.phase === "Failed") {
    lines.push(`${name} is Failed: ${after.reason}: ${after.error}`);
  }
  return lines;
}

function describeConditions(
  before: readonly Condition[] | undefined,
  after: readonly Condition[] | undefined,
  name: string,
): readonly string[] {
  return (after ?? [])
    .filter((condition) => {
      const old = before?.find(({ type }) => type === condition.type);
      return old?.status !== condition.status || old.message !== condition.message;
    })
    .map(({ type, status, message }) => `${name}: ${type} ${status}: ${message}`);
}

/** Which hook starts where. */
export function describeHook({ handler, place, summary }: HookRun): string {
  const what = handler.exec?.command?.join(" ") ?? Object.keys(handler).join(" ");
  const where = place === undefined ? "here" : `in ${place.pod}/${place.container}`;
  return `run hook "${what}" ${where}, outcome so far ${summary.Status.Phase}`;
}

/** What could not be read, over all hosts of a session: told where people and alerts look. Pure. */
import { ConditionType } from "../../shared/reasons.ts";
import { formatTarget } from "../../shared/target/ref.ts";
import { type TargetEntry, withEntryCondition } from "../run/entries.ts";
import { runHosts, runTargets } from "../run/facts.ts";
import { targetRef } from "../run/view.ts";
import type { Action } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

const MAX_NAMED_HOSTS = 5;

function sumOf(hosts: readonly { readonly unreadableFiles?: number }[]): number {
  return hosts.reduce((sum, { unreadableFiles = 0 }) => sum + unreadableFiles, 0);
}

function describeFiles(files: number): string {
  return files === 1 ? "1 file could not be read" : `${files} files could not be read`;
}

/** The target with how many files of it could not be read, if there are such. */
function withUnreadFiles<Target extends TargetEntry>(target: Target, now: Date): Target {
  const hosts = runHosts(target).filter(({ unreadableFiles: count = 0 }) => count > 0);
  const files = sumOf(hosts);
  if (files === 0) return target;
  const named = hosts.slice(0, MAX_NAMED_HOSTS).map((host) => `${host.hostname ?? "host"}: ${host.unreadableFiles}`);
  const rest = hosts.length > named.length ? `, and ${hosts.length - named.length} more hosts` : "";
  const message = `${describeFiles(files)} (${named.join(", ")}${rest})`;
  return withEntryCondition(
    target,
    { type: ConditionType.AllFilesRead, status: "False", reason: "FilesUnreadable", message },
    now,
  );
}

function describeTargets(view: SessionView, status: SessionStatus): string {
  const counts = runTargets(status).flatMap((target) => {
    const files = sumOf(runHosts(target));
    return files === 0 ? [] : [`${formatTarget(targetRef(view, target))}: ${files}`];
  });
  const rest = counts.length > MAX_NAMED_HOSTS ? `, and ${counts.length - MAX_NAMED_HOSTS} more targets` : "";
  return `${counts.slice(0, MAX_NAMED_HOSTS).join(", ")}${rest}`;
}

/** The session with the count, the condition, and an Event that names the targets; as it is where every file was read. */
export function tellUnreadFiles(
  view: SessionView,
  status: SessionStatus,
  now: Date,
): { readonly status: SessionStatus; readonly actions: readonly Action[] } {
  const files = sumOf(runTargets(status).flatMap(runHosts));
  if (files === 0) return { status, actions: [] };
  const message = `${describeFiles(files)} and are not in the backup (${describeTargets(view, status)})`;
  const told = withEntryCondition(
    {
      ...status,
      targets: (status.targets ?? []).map((target) => withUnreadFiles(target, now)),
      unreadableFiles: files,
    },
    { type: ConditionType.AllFilesRead, status: "False", reason: "FilesUnreadable", message },
    now,
  );
  return { status: told, actions: [{ kind: "EmitEvent", type: "Warning", reason: "Files Unreadable", message }] };
}

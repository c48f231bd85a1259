/** Upstream's values of backup sessions, from the sessions that are there. Pure. */
import type { BackupSession, BackupTargetStatus } from "../../shared/api/backup-session.ts";
import type { HostStats, SnapshotStats } from "../../shared/api/host-stats.ts";
import { parseDuration } from "../../shared/duration.ts";
import { listsAllSnapshots } from "../../shared/status/saved-data.ts";
import type { Sample } from "./gauge-table.ts";
import { samples } from "./names.ts";

export type Labels = Readonly<Record<string, string>>;

/** The API group of an API version. */
function groupOf(apiVersion: string | undefined): string {
  const slash = (apiVersion ?? "").indexOf("/");
  return slash < 0 ? "" : (apiVersion ?? "").slice(0, slash);
}

/** `1m2s` in seconds; undefined when it is no duration. */
export function durationSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseDuration(text, "duration") / 1_000;
  } catch {
    return undefined;
  }
}

/** `m:ss` or `h:mm:ss` in seconds. */
export function clockSeconds(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+(:\d{2}){1,2}$/.test(text)) return undefined;
  return text.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0);
}

/** Unix seconds of a time; undefined when there is none. */
export function timeSeconds(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? "");
  return Number.isNaN(ms) ? undefined : ms / 1_000;
}

export function targetLabels(common: Labels, target: { readonly ref?: BackupTargetStatus["ref"] }): Labels {
  const { apiVersion, kind = "", name = "" } = target.ref ?? {};
  return { ...common, kind, group: groupOf(apiVersion), name };
}

function sum(
  snapshots: readonly SnapshotStats[],
  value: (snapshot: SnapshotStats) => number | undefined,
): number | undefined {
  const values = snapshots.map(value).filter((item) => item !== undefined);
  return values.length === 0 ? undefined : values.reduce((total, item) => total + item, 0);
}

function* hostSamples(labels: Labels, host: HostStats): Generator<Sample> {
  const isGood = host.phase === "Succeeded";
  yield* samples("hostSuccess", labels, isGood ? 1 : 0);
  if (!isGood) return;
  // Sums of a part would pass for those of the whole.
  const snapshots = listsAllSnapshots(host) ? (host.snapshots ?? []) : [];
  yield* samples("hostDuration", labels, durationSeconds(host.duration));
  yield* samples(
    "hostSize",
    labels,
    sum(snapshots, ({ sizeBytes }) => sizeBytes),
  );
  yield* samples(
    "hostUploaded",
    labels,
    sum(snapshots, ({ uploadedBytes }) => uploadedBytes),
  );
  yield* samples(
    "hostProcessing",
    labels,
    sum(snapshots, ({ processingTime }) => clockSeconds(processingTime)),
  );
  yield* samples(
    "hostFiles",
    labels,
    sum(snapshots, ({ fileStats }) => fileStats?.totalFiles),
  );
  yield* samples(
    "hostFilesNew",
    labels,
    sum(snapshots, ({ fileStats }) => fileStats?.newFiles),
  );
  yield* samples(
    "hostFilesModified",
    labels,
    sum(snapshots, ({ fileStats }) => fileStats?.modifiedFiles),
  );
  yield* samples(
    "hostFilesUnmodified",
    labels,
    sum(snapshots, ({ fileStats }) => fileStats?.unmodifiedFiles),
  );
}

function* targetSamples(common: Labels, target: BackupTargetStatus, endedAt: string | undefined): Generator<Sample> {
  const labels = targetLabels(common, target);
  const isGood = target.phase === "Succeeded";
  yield* samples("targetSuccess", labels, isGood ? 1 : 0);
  if (isGood) {
    yield* samples("targetHosts", labels, target.totalHosts);
    yield* samples("targetLastSuccess", labels, timeSeconds(endedAt));
  }
  for (const host of target.stats ?? []) {
    yield* hostSamples({ ...labels, hostname: host.hostname ?? "" }, host);
  }
}

function isNewer(a: BackupSession, b: BackupSession | undefined): boolean {
  return (a.metadata.creationTimestamp ?? "") > (b?.metadata.creationTimestamp ?? "");
}

/** The newest of an invoker's sessions that ran to an end, and the newest of those that succeeded. */
export function newestEnded(sessions: readonly BackupSession[]): {
  readonly ended: BackupSession | undefined;
  readonly good: BackupSession | undefined;
} {
  let ended: BackupSession | undefined;
  let good: BackupSession | undefined;
  for (const session of sessions) {
    const phase = session.status?.phase;
    if ((phase === "Succeeded" || phase === "Failed") && isNewer(session, ended)) ended = session;
    if (phase === "Succeeded" && isNewer(session, good)) good = session;
  }
  return { ended, good };
}

/**
 * Values of an invoker's newest sessions. A failure does not take away when the last success was.
 *
 * @param common labels of the invoker
 */
export function* sessionSamples(common: Labels, sessions: readonly BackupSession[]): Generator<Sample> {
  const { ended, good } = newestEnded(sessions);
  if (ended === undefined) return;
  const { status } = ended;
  const isGood = status?.phase === "Succeeded";
  yield* samples("sessionSuccess", common, isGood ? 1 : 0);
  yield* samples("sessionLastSuccess", common, timeSeconds(good?.status?.completionTime));
  if (isGood) {
    yield* samples("sessionDuration", common, durationSeconds(status?.sessionDuration));
    yield* samples("sessionTargets", common, status?.targets?.length);
  }
  for (const target of status?.targets ?? []) yield* targetSamples(common, target, status?.completionTime);
}

/** What makes a recovery point complete, and that nobody who asks sees it differently. */
import { describe, expect, test } from "vitest";
import { planRetention } from "../../../../agent/maintain/decide-retention.ts";
import { listPoints } from "../../../../cli/points/decide.ts";
import { decideRepositoryStatus } from "../../../../reconciler/repository/decide.ts";
import { chooseRecoveryPoint } from "../../../../reconciler/restore/recovery-point.ts";
import { parseBackupSession } from "../../../../shared/api/backup-session.ts";
import { restoreInvokerView } from "../../../../shared/invoker/object.ts";
import { readRecoveryPoints } from "../../../../shared/snapshots/recovery-points.ts";
import { invokerTag, recordTags, snapshotTags } from "../../../../shared/snapshots/tags.ts";
import { isSessionSaved, isTargetSaved } from "../../../../shared/status/saved-data.ts";
import { aRestore } from "../../reconciler/run/known-restores.ts";

const WEB = { apiVersion: "apps/v1", kind: "Deployment", name: "web", namespace: "demo" };
const INVOKER = { kind: "BackupBatch", namespace: "demo", name: "nightly", cluster: "this" };
const TIME = "2024-04-30T02:00:00Z";
const saved = { hostname: "host-0", phase: "Succeeded", snapshots: [{ name: "aaaa", path: "/data" }] };
const failed = { hostname: "host-0", phase: "Failed", reason: "FILES_UNREADABLE" };

function condition(type: string) {
  return { type, status: "False", lastTransitionTime: TIME };
}

/** A session of one host whose snapshot is in the repository, with all that its tags can tell. */
function aSession(status: object) {
  const metadata = { name: "nightly-1714442400", namespace: "demo", uid: "uid-session", creationTimestamp: TIME };
  const session = parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata,
    spec: { invoker: { apiGroup: "stash.appscode.com", kind: INVOKER.kind, name: INVOKER.name }, dueTime: TIME },
    status: { startTime: TIME, repository: { name: "store", namespace: "demo" }, ...status },
  });
  const origin = {
    session: { namespace: "demo", name: metadata.name, time: TIME },
    invoker: INVOKER,
    target: WEB,
    part: { member: 1, members: 1, hosts: 1 },
  };
  const tags = [...snapshotTags(origin), ...recordTags(origin, 1)];
  return { session, snapshot: { id: "aaaa", time: TIME, hostname: "host-0", paths: ["/data"], tags } };
}

/** What each of those who ask says: whether the point is a complete one. */
function answers(status: object) {
  const { session, snapshot } = aSession(status);
  const isPart = !isSessionSaved(session.status ?? {});
  const key = `demo/${session.metadata.name}`;
  const scope = { invokerTag: invokerTag(INVOKER), sessionTag: undefined, untagged: [] };
  const choice = {
    invoker: { ...restoreInvokerView(aRestore("back")), asOfMs: Number.POSITIVE_INFINITY },
    repository: undefined,
    clusterId: INVOKER.cluster,
    sessions: [session],
    workloads: new Map(),
  };
  const isTaken = () => {
    try {
      return chooseRecoveryPoint(choice, readRecoveryPoints([snapshot])).session === session.metadata.name;
    } catch {
      return false;
    }
  };
  return {
    retention: planRetention([snapshot], { keepLast: 1 }, { ...scope, incomplete: isPart ? [key] : [] }).points === 1,
    restore: isTaken(),
    cli: listPoints({ sessions: [session], repositories: [], invokers: [] })[0]?.isComplete === true,
    status:
      decideRepositoryStatus(
        { namespace: "demo", generation: 1, status: undefined, references: [], sessions: [session], seers: [session] },
        new Date(TIME),
      ).lastRecoveryPoint?.session === session.metadata.name,
  };
}

const target = (change: object = {}) => ({ ref: WEB, phase: "Succeeded", totalHosts: 1, stats: [saved], ...change });

describe("D4: retention, restores, the CLI and statuses agree on whether a point is complete", () => {
  test.each<[string, object, boolean]>([
    ["all went well", { phase: "Succeeded", targets: [target()] }, true],
    [
      "only the global after-hook failed",
      { phase: "Failed", targets: [target()], conditions: [condition("GlobalPostBackupHookSucceeded")] },
      true,
    ],
    [
      "only a member's after-hook failed",
      {
        phase: "Failed",
        targets: [target({ phase: "Failed", conditions: [condition("PostBackupHookExecutionSucceeded")] })],
      },
      true,
    ],
    // The mark of a snapshot that is not whole could not be written: its tags know nothing.
    ["a host failed", { phase: "Failed", targets: [target({ phase: "Failed", stats: [failed] })] }, false],
    ["a host is missing", { phase: "Failed", targets: [target({ phase: "Failed", totalHosts: 2 })] }, false],
  ])("where %s", (_what, status, isComplete) => {
    expect(answers(status)).toEqual({
      retention: isComplete,
      restore: isComplete,
      cli: isComplete,
      status: isComplete,
    });
  });

  test("a status calls none good that was saved into a damaged repository", () => {
    const damaged = { phase: "Failed", targets: [target()], conditions: [condition("RepositoryIntegrityVerified")] };
    expect(answers(damaged)).toEqual({ retention: true, restore: true, cli: true, status: false });
  });
});

test("hosts that have no room in a status count by their number", () => {
  const large = { phase: "Failed", totalHosts: 3, stats: [saved] };
  expect(isTargetSaved({ ...large, unlisted: { succeeded: 2 } })).toBe(true);
  expect(isTargetSaved({ ...large, unlisted: { succeeded: 1 } })).toBe(false);
});

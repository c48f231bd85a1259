/** What pods told of snapshots, in the status of a Repository. */
import { describe, expect, test } from "vitest";
import { withSnapshots } from "../../../../reconciler/repository/snapshots.ts";
import { type HostRun, parseHostRun } from "../../../../shared/api/host-run.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import type { ListedSnapshot } from "../../../../shared/api/listed-snapshot.ts";
import { parseRepository, type RepositoryStatus } from "../../../../shared/api/repository.ts";

const NOW = new Date("2026-01-20T00:00:00Z");
const BACKEND = { rest: { url: "http://store:8000/" } };
const REPOSITORY = parseRepository({
  apiVersion: KINDS.Repository.apiVersion,
  kind: "Repository",
  metadata: { name: "store", namespace: "vault", uid: "of-store" },
  spec: { backend: BACKEND },
});

const day = (number: number) => new Date(Date.UTC(2026, 0, number)).toISOString();

function aSnapshot(number: number, invoker = "shop", change: Partial<ListedSnapshot> = {}): ListedSnapshot {
  return {
    id: number.toString(16).padStart(64, "0"),
    time: day(number),
    hostname: "host-0",
    paths: ["/data"],
    tags: [`invoker=BackupBatch/demo/${invoker}/here`, `time=${day(number)}`],
    ...change,
  };
}

function aReport(at: number, listedSnapshots: readonly object[], spec: object): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace: "demo", name: `r-${at}` },
    spec: {
      work: "Backup",
      run: { kind: "BackupSession", name: `s-${at}`, uid: `of-${at}` },
      host: "db",
      pod: { name: "p", uid: "u" },
      assignedAt: day(at),
      repository: { name: "store", namespace: "vault", backend: BACKEND },
      backup: { invoker: { kind: "BackupBatch", name: "shop" }, cluster: "here", time: day(at) },
      ...spec,
    },
    status: { listedPoints: [], listedSnapshots },
  });
}

const ofSession = (at: number, snapshots: readonly object[], spec = {}) => aReport(at, snapshots, spec);
const ofMaintenance = (at: number, snapshots: readonly object[], spec = {}) => {
  const run = { kind: "Repository", name: "store", uid: "of-store" };
  const report = aReport(at, snapshots, { work: "Maintain", run, backup: undefined, ...spec });
  return { ...report, metadata: { ...report.metadata, namespace: "vault" } };
};

function told(reports: readonly HostRun[], status: RepositoryStatus = {}) {
  return withSnapshots(status, { repository: REPOSITORY, reports, cluster: "here" }, NOW);
}

const idsOf = ({ snapshots = [] }: RepositoryStatus) => snapshots.map(({ id }) => Number.parseInt(id, 16));

describe("a session tells of its own invoker", () => {
  const before = { snapshots: [aSnapshot(3, "blog"), aSnapshot(2), aSnapshot(1)], snapshotsListedAt: day(3) };

  test("its snapshots take the place of the invoker's, and of no other's", () => {
    const after = told([ofSession(4, [aSnapshot(4), aSnapshot(2)])], before);
    expect(idsOf(after)).toEqual([4, 3, 2]);
    expect(after.snapshotsListedAt).toBe(day(4));
  });

  test("what it says of others is not believed", () => {
    const forged = [aSnapshot(9, "blog"), aSnapshot(8, "shop", { tags: [] }), aSnapshot(4)];
    expect(idsOf(told([ofSession(4, forged)], before))).toEqual([4, 3]);
  });

  test("what is known to be another's does not become its own", () => {
    const after = told([ofSession(4, [aSnapshot(4), aSnapshot(3)])], before);
    expect(idsOf(after)).toEqual([4, 3]);
    expect(after.snapshots?.[1]).toEqual(aSnapshot(3, "blog"));
  });

  test("of two the newer counts, also when its host run is gone", () => {
    expect(idsOf(told([ofSession(5, [aSnapshot(5)]), ofSession(4, [aSnapshot(4)])]))).toEqual([5]);
    expect(idsOf(told([ofSession(4, [])], { snapshots: [aSnapshot(6), aSnapshot(1)] }))).toEqual([6, 1]);
  });

  test("a report of another cluster, or of another backend, says nothing", () => {
    const elsewhere = { backup: { invoker: { kind: "BackupBatch", name: "shop" }, cluster: "there", time: day(4) } };
    const moved = { repository: { name: "store", namespace: "vault", backend: { rest: { url: "http://other/" } } } };
    for (const spec of [elsewhere, moved]) expect(told([ofSession(4, [], spec)], before)).toEqual(before);
  });
});

describe("a maintenance tells of all", () => {
  test("its list takes the place of all, and what a session said before it counts no more", () => {
    const before = { snapshots: [aSnapshot(2), aSnapshot(1, "blog")] };
    const after = told([ofMaintenance(5, [aSnapshot(1, "other")]), ofSession(4, [aSnapshot(4)])], before);
    expect(idsOf(after)).toEqual([1]);
    expect(after.snapshotsListedAt).toBe(day(5));
    expect(idsOf(told([ofMaintenance(5, []), ofSession(6, [aSnapshot(6)])], before))).toEqual([6]);
  });

  test("one older than the last that is known says nothing, and a time in the future holds none up", () => {
    const before = { snapshots: [aSnapshot(2)], pointsListedAt: day(5) };
    expect(told([ofMaintenance(4, [])], before)).toEqual({ snapshots: [aSnapshot(2)] });
    expect(idsOf(told([ofMaintenance(4, [])], { ...before, pointsListedAt: day(25) }))).toEqual([]);
  });

  test("numbers that JSON can't carry are dropped", () => {
    const [one] = told([ofMaintenance(4, [{ ...aSnapshot(4), uid: 2 ** 60 }])]).snapshots ?? [];
    expect(one).toEqual(aSnapshot(4));
  });
});

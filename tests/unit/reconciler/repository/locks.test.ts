import { expect, test } from "vitest";
import { withLocks } from "../../../../reconciler/repository/locks.ts";
import { seenHostRun } from "../../../../reconciler/world/without-points.ts";
import { type HostRun, parseHostRun } from "../../../../shared/api/host-run.ts";
import { MAX_LISTED_LOCKS } from "../../../../shared/api/host-stats.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRepository, type RepositoryStatus } from "../../../../shared/api/repository.ts";
import { boundLocks } from "../../../../shared/listed-locks.ts";

const NOW = new Date("2026-01-20T00:00:00Z");
const BACKEND = { rest: { url: "http://store:8000/" } };
const REPOSITORY = parseRepository({
  apiVersion: KINDS.Repository.apiVersion,
  kind: "Repository",
  metadata: { name: "store", namespace: "vault", uid: "of-store" },
  spec: { backend: BACKEND },
});
const LOCK = { id: "a".repeat(64), host: "laptop", user: "ann", pid: 7, exclusive: true };

function aReport(listedLocks: object | undefined, spec: object = {}, namespace = "vault"): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: "HostRun",
    metadata: { namespace, name: "m", uid: "u" },
    spec: {
      work: "Maintain",
      run: { kind: "Repository", name: "store", uid: "of-store" },
      host: "p",
      pod: { name: "p", uid: "u" },
      repository: { name: "store", namespace: "vault", backend: BACKEND },
      ...spec,
    },
    status: { ...(listedLocks !== undefined && { listedLocks }) },
  });
}

const told = (reports: readonly HostRun[], status: RepositoryStatus = {}) =>
  withLocks(status, { repository: REPOSITORY, reports, cluster: "here" }, NOW);

test("what was seen last is taken, and nothing that is older than what is known", () => {
  const early = aReport({ seenAt: "2026-01-19T01:00:00Z", locks: [LOCK] });
  const late = aReport({ seenAt: "2026-01-19T02:00:00Z", locks: [] });
  expect(told([early])).toEqual({ locks: [LOCK], locksSeenAt: "2026-01-19T01:00:00Z" });
  expect(told([late, early])).toEqual({ locks: [], locksSeenAt: "2026-01-19T02:00:00Z" });
  expect(told([early], { locks: [], locksSeenAt: "2026-01-19T02:00:00Z" })).toEqual({});
  expect(told([aReport(undefined)])).toEqual({});
});

test("a clock that goes ahead, of the pod or of whoever wrote the status, keeps nothing from being seen", () => {
  const ahead = aReport({ seenAt: "2036-01-01T00:00:00Z", locks: [LOCK] });
  expect(told([ahead]).locksSeenAt).toBe("2026-01-20T00:00:00Z");
  const report = aReport({ seenAt: "2026-01-19T01:00:00Z", locks: [LOCK] });
  expect(told([report], { locks: [], locksSeenAt: "2036-01-01T00:00:00Z" }).locks).toEqual([LOCK]);
});

test("nobody is heard but the Repository's own maintenance, of the backend that it has now", () => {
  const listed = { seenAt: "2026-01-19T01:00:00Z", locks: [LOCK] };
  const others = [
    aReport(listed, { work: "Backup" }),
    aReport(listed, { run: { kind: "Repository", name: "store", uid: "of-an-earlier-one" } }),
    aReport(listed, {}, "elsewhere"),
    aReport(listed, { repository: { name: "store", namespace: "vault", backend: { rest: { url: "http://x/" } } } }),
  ];
  for (const other of others) expect(told([other])).toEqual({});
});

test("as many as there are, and whatever stands in them, a status stays small", () => {
  const many = Array.from({ length: 5_000 }, () => ({ ...LOCK, host: "h".repeat(60_000), pid: 1e300 }));
  const bound = boundLocks(many);
  expect(bound).toHaveLength(MAX_LISTED_LOCKS);
  expect(JSON.stringify(bound).length).toBeLessThan(16_000);
  expect(bound[0]).not.toHaveProperty("pid");
});

test("informers keep no list of locks, and know when it is another", () => {
  const kept = seenHostRun(aReport({ seenAt: "2026-01-19T01:00:00Z", locks: [LOCK] }));
  expect(kept.status).toEqual({});
  expect(kept.toldPoints).toEqual(expect.any(String));
  const next = seenHostRun(aReport({ seenAt: "2026-01-19T02:00:00Z", locks: [] }));
  expect(next.toldPoints).not.toBe(kept.toldPoints);
});

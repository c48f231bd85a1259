/** What the pages are told. A page that is wrong is worse than none, so most of these are about what is not known. */
import { describe, expect, test } from "vitest";
import { decideApplication } from "../../../../cli/ui/views/decide-application.ts";
import { decideCalendar } from "../../../../cli/ui/views/decide-calendar.ts";
import { formatGoes } from "../../../../cli/ui/views/decide-goes.ts";
import { decideOverview } from "../../../../cli/ui/views/decide-overview.ts";
import { decidePoints } from "../../../../cli/ui/views/decide-points.ts";
import { decideRepositories } from "../../../../cli/ui/views/decide-repositories.ts";
import { decideRun } from "../../../../cli/ui/views/decide-run.ts";
import { lastDays } from "../../../../cli/ui/views/local-days.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { aBatch, aSession, hoursAgo, NOW, NOW_MS } from "../../../support/cli/objects.ts";
import { aWorld } from "../../../support/cli/ui-world.ts";

const ask = (world: ReturnType<typeof aWorld>, query: Readonly<Record<string, string>> = {}) => ({
  world,
  query,
  nowMs: NOW_MS,
});
const SHOP = { kind: "BackupBatch", namespace: "demo", name: "shop" };

const store = (status: object = {}, name = "store") => ({
  apiVersion: KINDS.Repository.apiVersion,
  kind: "Repository",
  metadata: { name, namespace: "demo" },
  spec: { backend: { s3: { endpoint: "https://key:word@s3.example", bucket: "b" }, storageSecretName: "secret" } },
  status,
});

const failed = (more: object = {}) =>
  aSession({
    phase: "Failed",
    targets: [
      { alias: "db" },
      { alias: "web", phase: "Failed", host: { error: "no such path", reason: "PATH_NOT_FOUND" } },
    ],
    ...more,
  });

describe("overview", () => {
  test("the worst comes first, and every state is counted", () => {
    const world = aWorld({
      invokers: [aBatch(), aBatch({ name: "ill" })],
      sessions: [aSession(), failed({ name: "ill-1", batch: "ill" })],
    });
    const { rows, counts } = decideOverview(ask(world));
    expect(rows.map(({ name, state }) => [name, state])).toEqual([
      ["ill", "Failing"],
      ["shop", "Good"],
    ]);
    expect(counts).toEqual([
      { state: "Failing", count: 1 },
      { state: "Good", count: 1 },
    ]);
    expect(rows[0]).toMatchObject({
      message: "web: no such path",
      next: expect.stringMatching(/^Correct target\.paths/),
    });
  });

  test.each(["BackupSession", "Repository"])("without the right to see every %s nothing is called good", (kind) => {
    const world = aWorld({
      invokers: [aBatch()],
      sessions: kind === "BackupSession" ? [] : [aSession()],
      unreadable: [kind],
    });
    expect(decideOverview(ask(world)).rows[0]).toMatchObject({
      state: "Unknown",
      message: `whether it is well is not known: ${kind}s can't be read`,
    });
  });

  test("what is bad without them stays bad", () => {
    const invokers = [aBatch({ status: { phase: "Invalid" } })];
    const world = aWorld({ invokers, unreadable: ["BackupSession", "Repository"] });
    expect(decideOverview(ask(world)).rows[0]).toMatchObject({ state: "Invalid" });
  });

  test("a long list has pages, each of which is whole, and a page that is none is the nearest one", () => {
    const world = aWorld({ invokers: Array.from({ length: 120 }, (_one, at) => aBatch({ name: `app-${at}` })) });
    const names = ["0", "1", "2"].flatMap((page) => decideOverview(ask(world, { page })).rows.map(({ name }) => name));
    expect(new Set(names).size).toBe(120);
    for (const page of ["99", "-1", "x", "1e99", ""])
      expect(decideOverview(ask(world, { page })).rows.length).toBeGreaterThan(0);
    expect(decideOverview(ask(world, { find: "APP-11" })).total).toBe(11);
  });
});

describe("days", () => {
  const daysOf = (world: ReturnType<typeof aWorld>, zone = "UTC") =>
    (decideOverview(ask(world, { zone })).rows[0]?.days ?? [])
      .map(({ date, state }) => `${date.slice(5)} ${state}`)
      .slice(-4);

  test("before the oldest session that is kept nothing is known, whatever the schedule says", () => {
    const world = aWorld({ invokers: [aBatch()], sessions: [aSession({ hoursAgo: 5 })] });
    expect(daysOf(world)).toEqual(["12-30 Unknown", "12-31 Unknown", "01-01 Unknown", "01-02 Complete"]);
  });

  test("a day between two sessions on which runs were due was missed", () => {
    const sessions = [aSession({ hoursAgo: 5 }), aSession({ name: "shop-0", hoursAgo: 54 })];
    expect(daysOf(aWorld({ invokers: [aBatch()], sessions }))).toEqual([
      "12-30 Unknown",
      "12-31 Complete",
      "01-01 Missed",
      "01-02 Complete",
    ]);
    const weekly = aBatch({ spec: { schedule: "0 0 * * 0" } });
    expect(daysOf(aWorld({ invokers: [weekly], sessions }))[2]).toBe("01-01 None");
    const paused = aBatch({ spec: { paused: true } });
    expect(daysOf(aWorld({ invokers: [paused], sessions }))[2]).toBe("01-01 Unknown");
  });

  test("an incomplete run is no complete one, a skipped one is none, and one that runs is called so", () => {
    const batch = aBatch({ status: { lastRecoveryPoint: undefined } });
    const oldest = aSession({ name: "shop-0", hoursAgo: 60 });
    const on = (...more: readonly ReturnType<typeof aSession>[]) =>
      daysOf(aWorld({ invokers: [batch], sessions: [oldest, ...more] }))[3];
    expect(on(failed())).toBe("01-02 Incomplete");
    expect(on(failed(), aSession({ hoursAgo: 1 }))).toBe("01-02 Complete");
    expect(on(aSession({ phase: "Running", targets: [{ alias: "db", phase: "Running" }] }))).toBe("01-02 Running");
    expect(on(aSession({ phase: "Skipped", targets: [] }))).toBe("01-02 Missed");
  });

  test("a point of the status is a complete one though its session is gone", () => {
    const batch = aBatch({ status: { lastRecoveryPoint: { session: "shop-1", time: hoursAgo(30) } } });
    expect(daysOf(aWorld({ invokers: [batch] }))).toEqual([
      "12-30 Unknown",
      "12-31 Unknown",
      "01-01 Complete",
      "01-02 Unknown",
    ]);
  });

  test("begin by the clock of whoever looks", () => {
    const sessions = [aSession({ hoursAgo: 13 })];
    const batch = aBatch({ status: { lastRecoveryPoint: undefined } });
    expect(daysOf(aWorld({ invokers: [batch], sessions }), "UTC")[2]).toBe("01-01 Complete");
    expect(daysOf(aWorld({ invokers: [batch], sessions }), "Asia/Tokyo")[3]).toBe("01-02 Complete");
  });

  test("are as long as they are where the clock is set", () => {
    const lengths = lastDays(2, "Europe/Berlin", Date.parse("2026-03-29T20:00:00Z")).map(
      ({ startMs, endMs }) => (endMs - startMs) / 3_600_000,
    );
    expect(lengths).toEqual([24, 23]);
    expect(lastDays(1, "America/New_York", Date.parse("2026-11-01T12:00:00Z"))[0]).toEqual({
      date: "2026-11-01",
      startMs: Date.parse("2026-11-01T04:00:00Z"),
      endMs: Date.parse("2026-11-02T05:00:00Z"),
    });
  });
});

describe("application", () => {
  test("tells its newest run, or the one that is asked for", () => {
    const sessions = [aSession({ name: "shop-2", hoursAgo: 1 }), failed()];
    const world = aWorld({ invokers: [aBatch()], sessions });
    expect(decideApplication(ask(world, SHOP)).run).toMatchObject({
      name: "shop-2",
      phase: "Succeeded",
      hasEnded: true,
    });
    const view = decideApplication(ask(world, { ...SHOP, run: "BackupSession/shop-1" }));
    expect(view.run?.failure).toMatchObject({ code: "PATH_NOT_FOUND", member: "web" });
    expect(view.runs.rows.map(({ name }) => name)).toEqual(["shop-2", "shop-1"]);
    expect(decideApplication(ask(world, { ...SHOP, run: "BackupSession/gone" })).run).toBeUndefined();
  });

  test("restores of the same targets are runs of it, those of others are not", () => {
    const restore = (name: string, target: string) =>
      parseRestoreBatch({
        apiVersion: KINDS.RestoreBatch.apiVersion,
        kind: "RestoreBatch",
        metadata: { name, namespace: "demo", creationTimestamp: NOW },
        spec: { members: [{ target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: target } } }] },
      });
    const world = aWorld({ invokers: [aBatch()], restores: [restore("mine", "web"), restore("other", "else")] });
    expect(decideApplication(ask(world, SHOP)).runs.rows.map(({ name }) => name)).toEqual(["mine"]);
  });

  test("of another kind, namespace or name is not known", () => {
    const world = aWorld({ invokers: [aBatch()] });
    for (const change of [{ kind: "BackupConfiguration" }, { namespace: "x" }, { name: "x" }]) {
      expect(decideApplication(ask(world, { ...SHOP, ...change })).application).toBeUndefined();
    }
  });
});

describe("run", () => {
  test("a member that waits says for what, one that works how far it is, and both have their bars", () => {
    const at = hoursAgo(0);
    const session = aSession({
      phase: "Running",
      targets: [
        {
          alias: "db",
          phase: "Running",
          snapshots: [],
          host: {
            startedAt: at,
            progress: {
              heartbeat: at,
              percent: 25,
              bytesDone: 10,
              bytesTotal: 40,
              filesDone: 1,
              filesTotal: 4,
              etaSeconds: 9,
            },
            hooks: [{ type: "preBackup", phase: "Succeeded", startedAt: at, finishedAt: at, output: "<b>" }],
          },
        },
        { alias: "web", phase: "Pending", snapshots: [], more: { message: "waits for db, which comes earlier" } },
      ],
    });
    const { lanes, hasEnded } = decideRun(session, {});
    expect(hasEnded).toBe(false);
    expect(lanes).toMatchObject([
      {
        name: "db",
        progress: { percent: 25, etaSeconds: 9 },
        spans: [{ kind: "host" }, { kind: "hook", label: "preBackup" }],
      },
      { name: "web", message: "waits for db, which comes earlier", failure: undefined, spans: [] },
    ]);
  });

  test("of many hosts those that failed come first, every host is on one page, and what is not listed is counted", () => {
    const stats = Array.from({ length: 170 }, (_one, at) => ({
      hostname: `host-${at}`,
      phase: at === 160 ? "Failed" : "Succeeded",
      ...(at === 160 && { error: "bad" }),
    }));
    const session = aSession({
      targets: [{ alias: "all", more: { stats, totalHosts: 5_000, unlisted: { succeeded: 4_830 } } }],
    });
    const pages = ["0", "1", "2", "3"].map((hosts) => decideRun(session, { hosts }).lanes[0]);
    expect(pages[0]?.hosts[0]).toMatchObject({ name: "host-160", failure: { message: "bad" } });
    expect(new Set(pages.flatMap((lane) => lane?.hosts.map(({ name }) => name) ?? [])).size).toBe(170);
    expect(pages[0]?.unlistedHosts).toBe(4_830);
  });

  test("members are in their order while one page holds them; of more, those that failed come first, and each is on one", () => {
    const aSessionOf = (count: number) =>
      aSession({
        targets: Array.from({ length: count }, (_one, at) => {
          return { alias: `part-${at}`, phase: at === 40 ? "Failed" : "Succeeded" };
        }),
      });
    const few = decideRun(aSessionOf(50), {});
    expect(few.lanes.map(({ name }) => name)).toEqual(Array.from({ length: 50 }, (_one, at) => `part-${at}`));
    expect(few.lanePages).toEqual({ total: 50, page: 0, pageSize: 50 });
    const pages = ["0", "1", "2"].map((members) => decideRun(aSessionOf(120), { members }).lanes);
    expect(pages.map((lanes) => lanes.length)).toEqual([50, 50, 20]);
    expect(pages[0]?.[0]).toMatchObject({ name: "part-40", phase: "Failed" });
    expect(new Set(pages.flat().map(({ name }) => name)).size).toBe(120);
  });
});

describe("recovery points", () => {
  test("size and what was added are told where somebody knows them, and left open where nobody does", () => {
    const session = aSession({
      targets: [{ alias: "db", snapshots: [{ name: "aaaa", path: "/data", sizeBytes: 100, uploadedBytes: 7 }] }],
    });
    const repository = store({ lastRecoveryPoint: { session: "shop-0", time: hoursAgo(60) } });
    const world = aWorld({ invokers: [aBatch()], sessions: [session], repositories: [repository] });
    expect(decidePoints(ask(world)).rows).toMatchObject([
      {
        session: "shop-1",
        isComplete: true,
        sizeBytes: 100,
        addedBytes: 7,
        application: SHOP,
        source: "BackupSession",
      },
      { session: "shop-0", sizeBytes: undefined, addedBytes: undefined, members: undefined, source: "Repository" },
    ]);
  });

  test("of one application are its own, and of one that is not there none", () => {
    const sessions = [aSession(), aSession({ name: "other-1", batch: "other" })];
    const world = aWorld({ invokers: [aBatch()], sessions });
    expect(decidePoints(ask(world, SHOP)).rows.map(({ session }) => session)).toEqual(["shop-1"]);
    expect(decidePoints(ask(world, { ...SHOP, name: "gone" })).rows).toEqual([]);
    expect(decidePoints(ask(world)).total).toBe(2);
  });
});

describe("why a point is kept, and when it goes,", () => {
  const listed = (session: string, hours: number, more: object = {}) => ({
    session,
    time: hoursAgo(hours),
    invoker: { kind: "BackupBatch", name: "shop" },
    complete: true,
    ...more,
  });

  test("is what the last retention said, by the rules as they are now; where none looked, nothing is said", () => {
    const points = [
      listed("shop-3", 1),
      listed("shop-2", 2, { keptBy: ["keepLast"] }),
      listed("shop-1", 30, { keptBy: ["keepLast", "keepDaily"], unreadableFiles: 3 }),
    ];
    const retentionPolicy = { name: "r", keepLast: 3, keepDaily: 7, prune: true };
    const shop = aBatch({ spec: { retentionPolicy }, status: { lastRecoveryPoint: undefined } });
    const { rows } = decidePoints(ask(aWorld({ invokers: [shop], repositories: [store({ points })] })));
    expect(rows.map(({ session, keptBy, goes, unreadableFiles }) => [session, keptBy, goes, unreadableFiles])).toEqual([
      ["shop-3", undefined, undefined, undefined],
      ["shop-2", ["keepLast"], "goes after 2 more complete points", undefined],
      ["shop-1", ["keepLast", "keepDaily"], "goes when enough later days have a point", 3],
    ]);
  });

  test.each([
    [[], undefined, 9, "the next retention removes it"],
    [["keepLast"], { keepLast: 3 }, 2, "goes after 1 more complete point"],
    [["keepLast"], { keepLast: 3 }, 7, undefined],
    [["keepLast"], undefined, 0, undefined],
    [["newest"], { keepLast: 3 }, 0, "stays while it is the newest complete one"],
    [["waiting"], { keepLast: 3 }, 1, "is not complete, and goes when enough later ones are"],
    [["keepTags", "keepLast"], { keepLast: 3 }, 1, "stays while it has its tag"],
    [["keepHourly", "keepYearly"], {}, 1, "goes when enough later hours and years have a point"],
    [["a rule of a later version"], {}, 1, undefined],
  ])("by %j of %j with %i newer", (keptBy, rules, newerComplete, sentence) => {
    const policy = rules && { name: "r", prune: true, ...rules };
    expect(formatGoes({ keptBy, policy, newerComplete })).toBe(sentence);
  });
});

test("a Repository tells its last prune, and what the newest maintenance met", () => {
  const status = {
    lastPruneTime: hoursAgo(5),
    maintenanceRuns: [
      {
        phase: "Failed",
        startedAt: hoursAgo(1),
        actions: ["PruneRepository"],
        reason: "REPOSITORY_LOCKED",
        message: "by eve",
      },
      { phase: "Succeeded", startedAt: hoursAgo(5) },
    ],
  };
  const [row] = decideRepositories(ask(aWorld({ repositories: [store(status)] }))).rows;
  expect(row).toMatchObject({
    lastPrune: hoursAgo(5),
    maintenance: { phase: "Failed", actions: ["PruneRepository"], code: "REPOSITORY_LOCKED", message: "by eve" },
  });
});

test("a Repository that nobody checked is neither whole nor damaged, and its secret is in no page", () => {
  const view = decideRepositories(ask(aWorld({ repositories: [store()], sessions: [aSession()] })));
  expect(view.rows[0]).toMatchObject({
    name: "store",
    integrity: undefined,
    history: [{ session: "demo/shop-1", sizeBytes: 4_096 }],
  });
  expect(JSON.stringify(view)).not.toMatch(/secret|word/);
});

describe("calendar", () => {
  test("shows seven days, and who meets on one Repository", () => {
    const invokers = [
      aBatch({ spec: { schedule: "0 3 * * *" } }),
      aBatch({ name: "two", spec: { schedule: "0 4 * * *", timeZone: "Europe/Berlin" } }),
      aBatch({ name: "far", spec: { schedule: "0 3 * * *", repository: { name: "other" } } }),
    ];
    const { runs } = decideCalendar(ask(aWorld({ invokers })));
    expect(runs.total).toBe(21);
    expect(runs.rows.slice(0, 3)).toMatchObject([
      { name: "far", time: "2030-01-03T03:00:00.000Z", zone: "UTC", overlaps: [] },
      { name: "shop", overlaps: ["demo/two"] },
      { name: "two", zone: "Europe/Berlin", overlaps: ["demo/shop"] },
    ]);
  });

  test("says why the others don't run by the clock", () => {
    const invokers = [
      aBatch({ name: "paused", spec: { paused: true } }),
      aBatch({ name: "none", spec: { schedule: undefined } }),
      aBatch({ name: "often", spec: { schedule: "* * * * *" } }),
      aBatch({ name: "ill", spec: { schedule: "0 3 * * *" }, status: { phase: "NotReady" } }),
    ];
    const { others, runs } = decideCalendar(ask(aWorld({ invokers })));
    expect(others.rows.map(({ name, why }) => `${name}: ${why}`)).toEqual([
      "paused: its schedule is paused",
      "none: it has no schedule: it runs when somebody asks",
      "often: it runs 10080 times in this time, by * * * * *",
      "ill: it is NotReady: its runs may be skipped",
    ]);
    expect(new Set(runs.rows.map(({ name }) => name))).toEqual(new Set(["ill"]));
  });

  test("lists each of a thousand that are paused on one page", () => {
    const invokers = Array.from({ length: 1_000 }, (_one, at) => aBatch({ name: `p-${at}`, spec: { paused: true } }));
    const names = Array.from({ length: 20 }, (_one, at) => {
      return decideCalendar(ask(aWorld({ invokers }), { others: String(at) })).others.rows.map(({ name }) => name);
    });
    expect(new Set(names.map((page) => page.length))).toEqual(new Set([50]));
    expect(new Set(names.flat()).size).toBe(1_000);
  });
});

describe("locks of a Repository", () => {
  const held = { id: "a", host: "laptop", user: "ann", pid: 7, createdAt: hoursAgo(3), exclusive: true };
  const ours = { id: "b", host: "db-0", pid: 21, createdAt: hoursAgo(1) };
  const locksOf = (facts: Parameters<typeof aWorld>[0]) => decideRepositories(ask(aWorld(facts))).rows[0];

  test("are those that maintenance saw, with whoever of ours had that host, and the time of the look", () => {
    const repositories = [store({ locks: [ours, held], locksSeenAt: hoursAgo(1) })];
    const row = locksOf({ repositories, sessions: [aSession()] });
    expect(row?.locksSeenAt).toBe(hoursAgo(1));
    expect(row?.locks).toMatchObject([
      { id: "a", host: "laptop", user: "ann", pid: 7, isExclusive: true, owner: undefined, inTheWayOf: undefined },
      { id: "b", isExclusive: false, owner: "BackupSession demo/shop-1, member db", inTheWayOf: undefined },
    ]);
    const maintained = store({
      locks: [{ id: "c", host: "upkeep-x" }],
      maintenanceRuns: [{ phase: "Running", startedAt: hoursAgo(0), pod: "upkeep-x" }],
    });
    expect(locksOf({ repositories: [maintained] })?.locks[0]?.owner).toBe("the maintenance of this Repository");
  });

  test("are those that a run at work meets, and not those that one met which has ended", () => {
    const meeting = (phase: string) => ({ alias: "web", phase, host: { locks: [held] } });
    const at = (phase: string) => aSession({ phase, targets: [meeting(phase)] });
    const waiting = locksOf({ repositories: [store()], sessions: [at("Running")] });
    expect(waiting?.locks).toMatchObject([{ id: "a", inTheWayOf: "BackupSession demo/shop-1, member web" }]);
    expect(waiting?.locksSeenAt).toBeUndefined();
    expect(locksOf({ repositories: [store()], sessions: [at("Failed")] })?.locks).toEqual([]);
    expect(locksOf({ repositories: [store({}, "other")], sessions: [at("Running")] })?.locks).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { createIsOwn, planRetention, type RetentionScope } from "../../../../agent/maintain/decide-retention.ts";
import type { KeepRules } from "../../../../agent/maintain/keep-rules.ts";
import type { Snapshot } from "../../../../agent/restic/snapshots.ts";
import { invokerTag, recordTags, snapshotTags } from "../../../../shared/snapshots/tags.ts";

const INVOKER = { kind: "BackupBatch", namespace: "demo", name: "n", cluster: "this" };
const SCOPE: RetentionScope = {
  invokerTag: invokerTag(INVOKER),
  sessionTag: undefined,
  untagged: [{ host: "app", path: "/data" }],
};
const MEMBERS = ["app", "db"];

interface Written {
  readonly day: number;
  readonly hour?: number;
  readonly member?: string;
  readonly host?: string;
  readonly hosts?: number;
  readonly path?: string;
  readonly paths?: number;
  readonly invoker?: typeof INVOKER | Omit<typeof INVOKER, "cluster">;
  readonly marks?: readonly string[];
  readonly session?: string;
}

/** `app@3` is what the member app saved on day 3. */
function aSnapshot(written: Written): Snapshot {
  const { day, hour = 0, member = "app", host = member, hosts = 1, path = "/data", paths = 1 } = written;
  const time = new Date(Date.UTC(2026, 0, day, hour)).toISOString();
  const session = written.session ?? `s-${day}-${hour}`;
  const origin = {
    session: { namespace: "demo", name: session, time },
    invoker: written.invoker ?? INVOKER,
    target: { kind: "StatefulSet", namespace: "demo", name: member },
    part: { member: MEMBERS.indexOf(member) + 1, members: MEMBERS.length, hosts },
  };
  const id = `${host}@${day}${hour ? `.${hour}` : ""}${path === "/data" ? "" : path}`;
  const tags = [...snapshotTags(origin), ...recordTags(origin, paths), ...(written.marks ?? [])];
  return { id, time, hostname: host, paths: [path], tags };
}

const both = (day: number, hour = 0) => MEMBERS.map((member) => aSnapshot({ day, hour, member }));
const untagged = (day: number, change: Partial<Snapshot> = {}): Snapshot => ({
  ...aSnapshot({ day }),
  id: `upstream@${day}`,
  tags: [],
  ...change,
});

function removed(snapshots: readonly Snapshot[], rules: KeepRules, scope: Partial<RetentionScope> = {}) {
  return planRetention(snapshots, rules, { ...SCOPE, ...scope }).remove;
}

describe("D4: what counts are complete points", () => {
  test("two nights in which one member fails take nothing from the last complete one", () => {
    const snapshots = [...both(1), aSnapshot({ day: 2 }), aSnapshot({ day: 3 })];
    expect(removed(snapshots, { keepLast: 2 })).toEqual([]);
  });

  test("what is not complete goes when as many newer complete ones are there", () => {
    const snapshots = [...both(1), aSnapshot({ day: 2 }), aSnapshot({ day: 3 }), ...both(4)];
    expect(removed(snapshots, { keepLast: 2 })).toEqual([]);
    expect(removed([...snapshots, ...both(5)], { keepLast: 2 })).toEqual(["app@1", "db@1", "app@2", "app@3"]);
  });

  test("halves of two sessions of one name make no point, and the old one goes for itself", () => {
    const session = "now";
    const old = [aSnapshot({ day: 2, session }), aSnapshot({ day: 2, session, member: "db" })];
    const half = aSnapshot({ day: 3, session });
    expect(
      removed([...both(1), old[0] ?? half, aSnapshot({ day: 3, session, member: "db" })], { keepLast: 1 }),
    ).toEqual([]);
    expect(removed([...both(1), ...old, half], { keepLast: 1 })).toEqual(["app@1", "db@1"]);
    expect(removed([...old, half, ...both(4)], { keepLast: 1 })).toEqual(["app@2", "db@2", "app@3"]);
  });

  test.each<[string, readonly Snapshot[]]>([
    ["lacks a host", [aSnapshot({ day: 2 }), aSnapshot({ day: 2, member: "db", host: "db-0", hosts: 2 })]],
    ["lacks a path", [aSnapshot({ day: 2 }), aSnapshot({ day: 2, member: "db", paths: 2 })]],
    ["is not whole", [aSnapshot({ day: 2 }), aSnapshot({ day: 2, member: "db", marks: ["incomplete=X"] })]],
  ])("a point that %s is none", (_why, part) => {
    expect(removed([...both(1), ...part], { keepLast: 1 })).toEqual([]);
    expect(planRetention([...both(1), ...part], { keepLast: 1 }, SCOPE).points).toBe(1);
  });

  test("of no complete point nothing goes", () => {
    expect(
      removed(
        [1, 2, 3].map((day) => aSnapshot({ day })),
        { keepLast: 1 },
      ),
    ).toEqual([]);
  });

  test("a host that was saved twice in one session is one host", () => {
    const twice = [aSnapshot({ day: 2 }), { ...aSnapshot({ day: 2 }), id: "again" }];
    expect(removed([...both(1), ...twice], { keepLast: 1 })).toEqual([]);
  });

  test("the newest complete point stays, whatever the rules are, and the session that asks", () => {
    expect(removed([...both(1), ...both(2)], { keepLast: 1 })).toEqual(["app@1", "db@1"]);
    // The clock went back: what was saved just now is older than all others.
    const snapshots = [...both(1), ...both(5), ...both(6)];
    expect(removed(snapshots, { keepLast: 2 })).toEqual(["app@1", "db@1"]);
    expect(removed(snapshots, { keepLast: 2 }, { sessionTag: "session=demo/s-1-0" })).toEqual([]);
  });

  test("rules by day, week, month and year see complete points alone", () => {
    const days = [1, 2, 3, 4].flatMap((day) => [...both(day), ...both(day, 12), aSnapshot({ day, hour: 20 })]);
    const plan = planRetention(days, { keepDaily: 2 }, SCOPE);
    expect(plan.points).toBe(2);
    const kept = days.map(({ id }) => id).filter((id) => !plan.remove.includes(id));
    // Two newer complete ones stay before what is not complete goes.
    expect(kept).toEqual(["app@3.12", "db@3.12", "app@3.20", "app@4.12", "db@4.12", "app@4.20"]);
  });

  test("a policy of keepTags alone, and one without any rule, removes nothing", () => {
    const snapshots = [untagged(1), ...both(2), aSnapshot({ day: 3 }), ...both(4)];
    for (const rules of [{ keepTags: ["gold"] }, { keepTags: ["gold"], keepLast: 0 }, {}]) {
      expect(planRetention(snapshots, rules, SCOPE)).toMatchObject({ kept: 6, remove: [], points: 2 });
    }
  });

  test("what carries a tag of keepTags stays", () => {
    const tagged = aSnapshot({ day: 1, marks: ["gold"] });
    expect(removed([tagged, ...both(2), ...both(3)], { keepLast: 1, keepTags: ["gold"] })).toEqual(["app@2", "db@2"]);
  });
});

describe("D25: what is touched", () => {
  test("is nothing of another invoker, another cluster, or of the tags that named none", () => {
    const { cluster: _, ...older } = INVOKER;
    const others = [{ ...INVOKER, cluster: "that" }, { ...INVOKER, name: "m" }, older].flatMap((invoker) =>
      [1, 2].map((day) => aSnapshot({ day, invoker })),
    );
    expect(removed([...others, ...both(3), ...both(4)], { keepLast: 1 })).toEqual(["app@3", "db@3"]);
    expect(others.map(createIsOwn(SCOPE))).toEqual(others.map(() => false));
  });

  test("is nothing while the cluster is not known", () => {
    expect(removed([...both(1), ...both(2)], { keepLast: 1 }, { invokerTag: undefined })).toEqual([]);
  });
});

describe("L57: what upstream made without tags", () => {
  test("goes beside the complete points, of the invoker's hosts and paths alone", () => {
    const others = [
      untagged(1, { id: "other host", hostname: "db" }),
      untagged(1, { id: "other path", paths: ["/b"] }),
      untagged(1, { id: "two paths", paths: ["/data", "/b"] }),
      untagged(1, { id: "tags of the user", tags: ["mine"] }),
    ];
    const snapshots = [untagged(1), untagged(2), untagged(3), ...others, ...both(4)];
    expect(removed(snapshots, { keepLast: 2 })).toEqual(["upstream@1", "upstream@2"]);
    expect(removed([untagged(1), untagged(2)], { keepLast: 1 })).toEqual(["upstream@1"]);
  });

  test("stays where somebody still makes them", () => {
    expect(removed([untagged(1), ...both(2), untagged(3), ...both(4)], { keepLast: 1 })).toEqual(["app@2", "db@2"]);
  });
});

test("each point that stays has its reasons, and one that goes has none", () => {
  const marked = [aSnapshot({ day: 2, marks: ["monthly"] }), aSnapshot({ day: 2, member: "db" })];
  const half = [aSnapshot({ day: 9 }), aSnapshot({ day: 7 })];
  const snapshots = [...both(1), ...marked, ...both(6), ...both(8), ...half];
  const plan = planRetention(snapshots, { keepLast: 1, keepDaily: 2, keepTags: ["monthly"] }, SCOPE);
  expect([...plan.keptBy].map(([key, reasons]) => [key.split(" ")[0], reasons])).toEqual([
    ["demo/s-9-0", ["waiting"]],
    ["demo/s-8-0", ["keepLast", "keepDaily"]],
    ["demo/s-6-0", ["keepDaily"]],
    ["demo/s-2-0", ["keepTags"]],
  ]);
  expect(planRetention(half, { keepLast: 1 }, { ...SCOPE, sessionTag: "session=demo/s-7-0" }).remove).toEqual([]);
});

test("D4: a point that a session knows to be a part pushes none out, whatever its tags say", () => {
  const snapshots = [...both(1), ...both(2), ...both(3)];
  expect(removed(snapshots, { keepLast: 1 })).toEqual(["app@1", "db@1", "app@2", "db@2"]);
  expect(removed(snapshots, { keepLast: 1 }, { incomplete: ["demo/s-2-0", "demo/s-3-0"] })).toEqual([]);
});

describe("a clock that was ahead", () => {
  const now = new Date("2026-01-10T00:00:00Z");
  const ahead = both(300);

  test.each([{ keepLast: 1 }, { keepLast: 3 }, { keepDaily: 1 }, { keepYearly: 1 }])(
    "%o: its point stays, and takes no real one's place",
    (rules) => {
      const real = [...both(7), ...both(8), ...both(9)];
      expect(removed([...real, ...ahead], rules, { now })).toEqual(removed(real, rules, { now }));
      const asked = { sessionTag: "session=demo/s-9-0" };
      expect(removed([...real, ...ahead], rules, asked)).toEqual(removed(real, rules, asked));
    },
  );

  test("the newest real point stays also where a rule that the other met is the only one", () => {
    expect(removed([...both(8), ...ahead], { keepLast: 1 }, { now })).toEqual([]);
  });

  test("what is not complete waits for real points alone", () => {
    const part = aSnapshot({ day: 8 });
    expect(removed([part, ...both(7), ...ahead], { keepLast: 1 }, { now })).toEqual([]);
    expect(removed([part, ...both(9), ...ahead], { keepLast: 1 }, { now })).toEqual([part.id]);
  });

  test("once the time has come it is a point like any other", () => {
    const later = new Date("2027-01-10T00:00:00Z");
    expect(removed([...both(9), ...ahead], { keepLast: 1 }, { now: later })).toEqual(both(9).map(({ id }) => id));
  });
});

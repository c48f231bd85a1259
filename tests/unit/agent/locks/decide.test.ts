import { describe, expect, test } from "vitest";
import { isUnlockSafe, type LockFacts, removableLocks } from "../../../../agent/locks/decide.ts";
import { parseLock } from "../../../../agent/locks/gather.ts";

const NOW = new Date("2026-01-01T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const DEAD = { pid: 7, startedAtMs: Date.parse(ago(10)), goneAtMs: Date.parse(ago(8)) };

function facts(change: Partial<LockFacts>): LockFacts {
  return { locks: [], removable: [], dead: [], hostname: "db-0", now: NOW, seenMs: new Map(), ...change };
}
const idsOf = (change: Partial<LockFacts>) => removableLocks(facts(change)).map(({ id }) => id);

describe("L58: a lock may be removed", () => {
  test("when the reconciler says that its owner's pod is gone", () => {
    const locks = [
      { id: "a", host: "web-1", createdAt: ago(1) },
      { id: "b", host: "web-2", createdAt: ago(1) },
    ];
    expect(idsOf({ locks, removable: ["b", "not there"] })).toEqual(["b"]);
  });

  test("when it was taken by a restic of this container that was killed", () => {
    expect(idsOf({ locks: [{ id: "a", host: "db-0", pid: 7, createdAt: ago(9) }], dead: [DEAD] })).toEqual(["a"]);
  });

  test("when it looks stale, and this process saw for ten minutes that nobody refreshes it", () => {
    const locks = [{ id: "a", host: "x", createdAt: ago(31) }];
    expect(idsOf({ locks, seenMs: new Map([["a", 11 * 60_000]]) })).toEqual(["a"]);
  });

  test("when this process saw for half an hour that nobody refreshes it, whatever its owner's clock said", () => {
    const seenMs = new Map([["a", 31 * 60_000]]);
    expect(idsOf({ locks: [{ id: "a", host: "x", createdAt: ago(-600) }], seenMs })).toEqual(["a"]);
  });
});

describe("L58: a lock stays", () => {
  test("of a pod of the same name elsewhere: another process number, or another time", () => {
    const locks = [
      { id: "pid", host: "db-0", pid: 8, createdAt: ago(9) },
      { id: "before", host: "db-0", pid: 7, createdAt: ago(11) },
      { id: "after", host: "db-0", pid: 7, createdAt: ago(2) },
      { id: "host", host: "db-1", pid: 7, createdAt: ago(9) },
    ];
    expect(idsOf({ locks, dead: [DEAD] })).toEqual([]);
  });

  test("D14: of a living owner whose node's clock is behind: it is refreshed under another id", () => {
    const looksOld = { host: "x", createdAt: ago(40) };
    expect(idsOf({ locks: [{ id: "a", ...looksOld }] })).toEqual([]);
    expect(idsOf({ locks: [{ id: "b", ...looksOld }], seenMs: new Map([["b", 5 * 60_000]]) })).toEqual([]);
  });

  test("of which nothing is known", () => {
    expect(idsOf({ locks: [{ id: "a" }, { id: "b", host: "x", createdAt: "nonsense" }] })).toEqual([]);
  });
});

describe("`restic unlock`, which goes by host name and process number, is safe", () => {
  const isRunning = () => false;

  test("when all that it would remove may be removed", () => {
    const locks = [{ id: "a", host: "db-0", pid: 7, createdAt: ago(9) }];
    expect(isUnlockSafe({ ...facts({ locks, dead: [DEAD] }), isRunning })).toBe(true);
  });

  test("but not when it would take the lock of a living pod of the same name elsewhere", () => {
    const locks = [
      { id: "a", host: "db-0", pid: 7, createdAt: ago(9) },
      { id: "b", host: "db-0", pid: 8, createdAt: ago(1) },
    ];
    expect(isUnlockSafe({ ...facts({ locks, dead: [DEAD] }), isRunning })).toBe(false);
  });

  test("D14: but not when it would take a lock that only looks stale", () => {
    const locks = [
      { id: "a", host: "db-0", pid: 7, createdAt: ago(9) },
      { id: "b", host: "x", pid: 9, createdAt: ago(40) },
    ];
    expect(isUnlockSafe({ ...facts({ locks, dead: [DEAD] }), isRunning })).toBe(false);
  });

  test("and not worth a try when it would remove nothing", () => {
    const locks = [{ id: "b", host: "web-1", pid: 8, createdAt: ago(1) }];
    expect(isUnlockSafe({ ...facts({ locks, removable: ["b"] }), isRunning })).toBe(false);
  });
});

test("a lock is read from restic's own words around it", () => {
  const output =
    '{\n  "time": "2026-11-22T16:28:20.519017008Z",\n  "exclusive": true,\n  "hostname": "vm",\n  "pid": 5\n}';
  expect(parseLock("id", output)).toEqual({
    id: "id",
    host: "vm",
    pid: 5,
    createdAt: "2026-11-22T16:28:20.519Z",
    exclusive: true,
  });
  expect(parseLock("id", "Fatal: no")).toBeUndefined();
});

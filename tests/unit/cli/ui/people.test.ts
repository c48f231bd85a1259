/** Who is served in the cluster: each with what was read for his own token, as long as the API server knows it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Door, isRefusal, type Visit } from "../../../../cli/ui/door.ts";
import {
  createPeople,
  IDLE_MS,
  MOST_CHECKS,
  MOST_HOLDERS,
  MOST_TOKENS,
  MOST_VISITS,
  type People,
  RECHECK_MS,
  WORD_LIFETIME_MS,
} from "../../../../cli/ui/people.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";

interface Opened {
  readonly token: string;
  readonly user: string;
  readonly scope: string | undefined;
  readonly visit: Visit;
  isWatched: boolean;
  isEnded: boolean;
}

const fault = (status: number) => new KubeError({ action: "ask", status, reason: "x", detail: "y" });
const jwt = (expMs: number, who = "a") =>
  `${who}.${Buffer.from(JSON.stringify({ exp: Math.floor(expMs / 1_000) })).toString("base64url")}.sig`;

let opened: Opened[];
let users: Map<string, string>;
let asked: string[];
let isAway: boolean;
let people: People;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2030-01-02T12:00:00Z") });
  opened = [];
  users = new Map();
  asked = [];
  isAway = false;
  people = createPeople({
    async identify(token) {
      asked.push(token);
      await new Promise((resolve) => setTimeout(resolve, 10));
      if (isAway) throw fault(0);
      const user = users.get(token);
      if (user === undefined) throw fault(401);
      return user;
    },
    open(token, user, scope) {
      const streams: Visit["streams"] = { open: () => true, isOpen: () => false, close: () => undefined };
      const one: Opened = {
        token,
        user,
        scope,
        visit: { views: {}, streams, questions: {}, actions: {} },
        isWatched: false,
        isEnded: false,
      };
      opened.push(one);
      return {
        visit: one.visit,
        isWatched: () => one.isWatched,
        end: () => {
          one.isEnded = true;
        },
      };
    },
    now: Date.now,
    signIn: "sign in",
  });
});

afterEach(() => {
  people.close();
  vi.useRealTimers();
});

type Entered = Awaited<ReturnType<Door["enter"]>>;

async function enter(token: string, scope?: string): Promise<Entered> {
  const entering = people.enter(token, scope);
  await vi.advanceTimersByTimeAsync(20);
  return entering;
}

const statusOf = (entered: Entered) => (isRefusal(entered) ? entered.status : 200);
const watch = (isWatched = true) => {
  for (const one of opened) one.isWatched = isWatched;
};

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  people.sweep();
  await vi.advanceTimersByTimeAsync(20);
}

describe("what was read for one token", () => {
  test("is never given to another, not even of the same person", async () => {
    users.set("one", "ann").set("two", "ben").set("three", "ann");
    const visits = [await enter("one"), await enter("two"), await enter("three")];
    expect(new Set(visits).size).toBe(3);
    expect(opened.map(({ token, user }) => [token, user])).toEqual([
      ["one", "ann"],
      ["two", "ben"],
      ["three", "ann"],
    ]);
    expect(await enter("one")).toBe(visits[0]);
    expect(opened).toHaveLength(3);
  });

  test("is apart by namespace", async () => {
    users.set("one", "ann");
    const all = await enter("one");
    const shop = await enter("one", "shop");
    expect(shop).not.toBe(all);
    expect(opened.map(({ scope }) => scope)).toEqual([undefined, "shop"]);
    expect(asked).toEqual(["one"]);
  });

  test("is not there before the API server knows the token, however often it is sent at once", async () => {
    const entering = [people.enter("bad", undefined), people.enter("bad", undefined), people.enter("bad", undefined)];
    await vi.advanceTimersByTimeAsync(20);
    expect((await Promise.all(entering)).map(statusOf)).toEqual([401, 401, 401]);
    expect(asked).toEqual(["bad"]);
    expect(opened).toEqual([]);
  });
});

describe("a token that is over", () => {
  test("by its own word ends what hangs on it at that moment, and is asked about again", async () => {
    const token = jwt(Date.now() + 30_000);
    users.set(token, "ann");
    await enter(token);
    watch();
    await vi.advanceTimersByTimeAsync(29_900);
    expect(opened[0]?.isEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(opened[0]?.isEnded).toBe(true);
    users.delete(token);
    expect(statusOf(await enter(token))).toBe(401);
    expect(opened).toHaveLength(1);
  });

  test("by the API server's word ends within a minute, while somebody looks on", async () => {
    users.set("one", "ann").set("two", "ben");
    await enter("one");
    await enter("two");
    watch();
    users.delete("one");
    await pass(RECHECK_MS / 2);
    expect(opened.map(({ isEnded }) => isEnded)).toEqual([false, false]);
    await pass(RECHECK_MS / 2);
    expect(opened.map(({ isEnded }) => isEnded)).toEqual([true, false]);
  });

  test("is refused at the next request, when that comes after a minute", async () => {
    users.set("one", "ann");
    await enter("one");
    users.delete("one");
    await vi.advanceTimersByTimeAsync(RECHECK_MS);
    expect(statusOf(await enter("one"))).toBe(401);
    expect(opened[0]?.isEnded).toBe(true);
  });

  test("by our clock alone, and good by the API server's, is served", async () => {
    const token = jwt(Date.now() - 3_600_000);
    users.set(token, "ann");
    expect(statusOf(await enter(token))).toBe(200);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(statusOf(await enter(token))).toBe(200);
  });

  test("after more time than a timer holds is not over at once", async () => {
    const token = jwt(Date.now() + 400 * 86_400_000);
    users.set(token, "ann");
    await enter(token);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(opened[0]?.isEnded).toBe(false);
  });
});

test("an API server that is away keeps those in whom it knew, for ten minutes, and lets nobody else in", async () => {
  users.set("one", "ann").set("two", "ben");
  const before = await enter("one");
  isAway = true;
  expect(statusOf(await enter("two"))).toBe(503);
  await vi.advanceTimersByTimeAsync(RECHECK_MS);
  expect(await enter("one")).toBe(before);
  await vi.advanceTimersByTimeAsync(WORD_LIFETIME_MS);
  expect(statusOf(await enter("one"))).toBe(503);
  expect(opened[0]?.isEnded).toBe(true);
});

test("what nobody looks at ends, and what somebody looks at stays", async () => {
  users.set("one", "ann").set("two", "ben");
  await enter("one");
  await enter("two");
  const [one] = opened;
  if (one === undefined) throw new Error("nothing was opened");
  one.isWatched = true;
  for (let passed = 0; passed <= IDLE_MS; passed += RECHECK_MS) await pass(RECHECK_MS);
  expect(opened.map(({ isEnded }) => isEnded)).toEqual([false, true]);
});

describe("there is room", () => {
  test("for everybody, whatever tokens one person or the accounts of one namespace bring", async () => {
    for (let at = 0; at < MOST_HOLDERS * 2; at++) {
      users.set(`ann-${at}`, "ann").set(`sa-${at}`, `system:serviceaccount:evil:sa-${at}`);
      await enter(`ann-${at}`);
      await enter(`sa-${at}`);
      watch();
    }
    expect(opened.filter(({ isEnded }) => !isEnded)).toHaveLength(2 * MOST_TOKENS);
    users.set("ben", "ben");
    expect(statusOf(await enter("ben"))).toBe(200);
  });

  test("for so many people: whom nobody looks at goes, and whoever looks on is not sent away", async () => {
    for (let at = 0; at < MOST_HOLDERS; at++) {
      users.set(`t-${at}`, `user-${at}`);
      await enter(`t-${at}`);
    }
    watch();
    users.set("late", "late");
    expect(statusOf(await enter("late"))).toBe(503);
    const [first] = opened;
    if (first === undefined) throw new Error("nothing was opened");
    first.isWatched = false;
    expect(statusOf(await enter("late"))).toBe(200);
    expect(opened.filter(({ isEnded }) => isEnded)).toEqual([first]);
  });

  test("for so many namespaces of one token", async () => {
    users.set("one", "ann");
    for (let at = 0; at < MOST_VISITS; at++) await enter("one", `ns-${at}`);
    watch();
    expect(statusOf(await enter("one", "more"))).toBe(503);
    watch(false);
    expect(statusOf(await enter("one", "more"))).toBe(200);
    expect(opened.filter(({ isEnded }) => isEnded)).toHaveLength(1);
  });

  test("for those who are known, whatever nobody knows asks at the same time", async () => {
    users.set("one", "ann");
    await enter("one");
    await vi.advanceTimersByTimeAsync(RECHECK_MS);
    const flood = Array.from({ length: MOST_CHECKS * 3 }, (_one, at) => people.enter(`bad-${at}`, undefined));
    const own = people.enter("one", undefined);
    await vi.advanceTimersByTimeAsync(20);
    expect(statusOf(await own)).toBe(200);
    const statuses = (await Promise.all(flood)).map(statusOf);
    expect(statuses.filter((status) => status === 401)).toHaveLength(MOST_CHECKS);
    expect(statuses.filter((status) => status === 503)).toHaveLength(MOST_CHECKS * 2);
    expect(asked).toHaveLength(MOST_CHECKS + 2);
  });
});

test("a token that is another person's all at once begins anew", async () => {
  users.set("one", "ann");
  const before = await enter("one");
  users.set("one", "ben");
  await vi.advanceTimersByTimeAsync(RECHECK_MS);
  expect(await enter("one")).not.toBe(before);
  expect(opened.map(({ user, isEnded }) => [user, isEnded])).toEqual([
    ["ann", true],
    ["ben", false],
  ]);
});

test("nobody is let in while it ends", async () => {
  users.set("one", "ann");
  const entering = people.enter("one", undefined);
  people.close();
  await vi.advanceTimersByTimeAsync(20);
  expect(statusOf(await entering)).toBe(503);
  expect(opened).toEqual([]);
});

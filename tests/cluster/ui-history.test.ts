/** Days that no object of the cluster tells of any more, from a real Prometheus that holds what the product itself told of them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHistory, type History, type Told, type Wanted } from "../../cli/ui/history/older-days.ts";
import { createAsk, readPlace } from "../../cli/ui/history/source.ts";
import { createViews } from "../../cli/ui/views/table.ts";
import { invokerSamples } from "../../reconciler/metrics/health-samples.ts";
import { recoverySamples } from "../../reconciler/metrics/recovery-samples.ts";
import { repositorySamples } from "../../reconciler/metrics/repository-samples.ts";
import { sessionSamples } from "../../reconciler/metrics/session-samples.ts";
import { parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { listAt, textAt, valueAt } from "../../shared/json/value.ts";
import { aBatch, aSession } from "../support/cli/objects.ts";
import { aWorld } from "../support/cli/ui-world.ts";
import { type Moment, type Prometheus, startPrometheus } from "../support/metrics/prometheus.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days begin at midnight of UTC; this is the evening of one. */
const NOW_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * HOUR_MS;
const SHOP = { kind: "BackupBatch", namespace: "demo", name: "shop" };
const dayStart = (daysAgo: number) => Math.floor(NOW_MS / DAY_MS) * DAY_MS - daysAgo * DAY_MS;
const iso = (ms: number) => new Date(ms).toISOString();

/** Good each night at 2, but for a night that failed, one that was missed, and one in which nobody was there to tell. */
const FAILED = 5;
const MISSED = 8;
const UNWATCHED = 11;
const nights = Array.from({ length: 20 }, (_one, at) => 20 - at);
const runAt = (daysAgo: number) => dayStart(daysAgo) + 2 * HOUR_MS;
const isGood = (daysAgo: number) => daysAgo !== FAILED && daysAgo !== MISSED;

const verifier = (lastProven?: object) =>
  parseBackupVerifier({
    apiVersion: KINDS.BackupVerifier.apiVersion,
    kind: "BackupVerifier",
    metadata: { name: "nightly", namespace: "demo", creationTimestamp: iso(dayStart(30)) },
    spec: { invoker: { kind: SHOP.kind, name: SHOP.name } },
    status: lastProven === undefined ? {} : { lastProven },
  });

const repository = parseRepository({
  apiVersion: KINDS.Repository.apiVersion,
  kind: "Repository",
  metadata: { name: "store", namespace: "demo" },
  spec: { backend: { s3: { bucket: "b", endpoint: "https://s3.example" } } },
});

function aShop(facts: Parameters<typeof aBatch>[0]) {
  const batch = aBatch(facts);
  return { ...batch, metadata: { ...batch.metadata, creationTimestamp: iso(dayStart(60)) } };
}

/** What the reconciler would tell at that moment. */
function momentAt(atMs: number): Moment {
  const past = nights.filter((night) => runAt(night) <= atMs);
  const lastGood = past.findLast(isGood);
  const last = past.filter((night) => night !== MISSED).at(-1);
  const point = lastGood === undefined ? undefined : { session: `shop-${lastGood}`, time: iso(runAt(lastGood)) };
  const invoker = aShop({
    status: { lastRecoveryPoint: point, missedRuns: past.includes(MISSED) ? 1 : 0 },
  });
  const result = { action: "SendRepositoryMetrics", phase: "Succeeded", totalSizeBytes: 1_000_000 * past.length };
  const finishedAt = iso(atMs);
  const sessions =
    last === undefined
      ? []
      : [
          aSession({
            name: `shop-${last}`,
            phase: last === FAILED ? "Failed" : "Succeeded",
            targets: [{ alias: "db", host: { results: [{ ...result, finishedAt }] } }],
          }),
        ];
  const proven = past.filter((night) => night % 7 === 0).at(-1);
  const lastProven =
    proven === undefined ? undefined : { by: `drill-${proven}`, time: iso(runAt(proven)), recoverySeconds: proven };
  const labels = { invoker_kind: SHOP.kind, invoker_name: SHOP.name, namespace: SHOP.namespace };
  return {
    atMs,
    samples: [
      ...invokerSamples(invoker, new Date(atMs)),
      ...sessionSamples({ ...labels, driver: "Restic", repository: "store" }, sessions),
      ...repositorySamples(repository, sessions),
      ...recoverySamples(verifier(lastProven), invoker, atMs),
    ],
  };
}

let prometheus: Prometheus;

beforeAll(async () => {
  const hours = Array.from({ length: 20 * 12 }, (_one, at) => dayStart(20) + at * 2 * HOUR_MS);
  const watched = hours.filter(
    (atMs) => atMs <= NOW_MS && Math.floor((dayStart(0) - atMs - 1) / DAY_MS) + 1 !== UNWATCHED,
  );
  prometheus = await startPrometheus(watched.map(momentAt), "127.0.0.1", { cluster: "here" });
});

afterAll(() => prometheus?.stop());

const noCluster = { read: () => Promise.reject(new Error("no API server is asked")) };

function aHistory(place = prometheus.url, matcher?: string): History {
  return createHistory({ ask: createAsk(readPlace(place), noCluster), place, scope: undefined, matcher });
}

/** Asks, and looks again when the answer is there. */
async function told(history: History, wanted: Wanted): Promise<Told> {
  const changed = new Promise<void>((resolve) => history.onChange(resolve));
  expect(history.look(wanted, NOW_MS)).toEqual({ notices: [] });
  await changed;
  return history.look(wanted, NOW_MS);
}

const world = aWorld({
  invokers: [aShop({ spec: { schedule: "0 2 * * *" }, status: { lastRecoveryPoint: undefined } })],
  repositories: [repository],
  verifiers: [verifier()],
});

/** A page as it is served, once Prometheus has told. */
async function page(history: History, name: string, query: Readonly<Record<string, string>>): Promise<unknown> {
  const view = createViews({ world: { look: () => world }, history })[name];
  const changed = new Promise<void>((resolve) => history.onChange(resolve));
  view?.(query, NOW_MS);
  await changed;
  return view?.(query, NOW_MS);
}

const stateOn = (shown: unknown, daysAgo: number) => {
  const date = iso(dayStart(daysAgo)).slice(0, 10);
  const days = listAt(shown, "view", "application", "days");
  return textAt(
    days.find((day) => textAt(day, "date") === date),
    "state",
  );
};

test("days beyond the sessions that are kept have their sign: complete, failed, missed, and not known where nobody was there", async () => {
  const before = createViews({ world: { look: () => world } })["application"]?.({ ...SHOP, zone: "UTC" }, NOW_MS);
  expect(stateOn(before, 3)).toBe("Unknown");
  const shown = await page(aHistory(), "application", { ...SHOP, zone: "UTC" });
  const states = [3, 4, FAILED, 6, MISSED, 9, UNWATCHED - 1, 15, 40].map((daysAgo) => stateOn(shown, daysAgo));
  expect(states).toEqual([
    "Complete",
    "Complete",
    "Incomplete",
    "Complete",
    "Missed",
    "Complete",
    "Complete",
    "Complete",
    "Unknown",
  ]);
  // The point of that night is told by the next moment, if no newer one came in between; it must not be called missed.
  expect(["Complete", "Unknown"]).toContain(stateOn(shown, UNWATCHED));
  expect(listAt(shown, "view", "application", "days")).toHaveLength(90);
  const overview = await page(aHistory(), "overview", { zone: "UTC" });
  const [row] = listAt(overview, "view", "rows");
  expect(listAt(row, "days").map((day) => textAt(day, "state"))).toEqual(
    listAt(shown, "view", "application", "days")
      .slice(-14)
      .map((day) => textAt(day, "state")),
  );
});

test("recoveries and sizes are lines over time, each recovery once", async () => {
  const shown = await page(aHistory(), "application", SHOP);
  const rows = listAt(shown, "view", "recoveries", "rows").map((row) => [
    valueAt(row, "time"),
    valueAt(row, "seconds"),
  ]);
  expect(rows).toEqual([14, 7].map((night) => [iso(runAt(night)), night]));
  const sizes = listAt(listAt(await page(aHistory(), "repositories", {}), "view", "rows")[0], "sizes");
  expect(sizes.length).toBeGreaterThan(15);
  expect(valueAt(sizes.at(-1), "bytes")).toBe(20_000_000);
});

test("of several clusters in one Prometheus the label tells which is ours", async () => {
  const own = await told(aHistory(prometheus.url, 'cluster="here"'), { page: "overview" });
  expect(own.days?.size).toBe(1);
  const other = await told(aHistory(prometheus.url, 'cluster="elsewhere"'), { page: "overview" });
  expect(other.days?.size).toBe(0);
  // What would end the question is a value, and none of it is asked.
  const hostile = await told(aHistory(prometheus.url, `cluster=${JSON.stringify('here"} or {__name__=~".+')}`), {
    page: "overview",
  });
  expect(hostile).toMatchObject({ days: new Map(), notices: [] });
});

test("one that refuses or is away is told in its own words, what was known stays, and it comes back", async () => {
  const refused = await told(aHistory(prometheus.url, "cluster=nothing"), { page: "overview" });
  expect(refused.notices).toMatchObject([
    { kind: "history", message: expect.stringMatching(/bad_data.*parse error/), next: expect.any(String) },
  ]);
  const away = await startPrometheus([momentAt(NOW_MS - DAY_MS)]);
  const history = aHistory(away.url);
  const first = await told(history, { page: "overview" });
  expect(first.days?.size).toBe(1);
  await away.stop();
  const later = NOW_MS + HOUR_MS;
  const failed = new Promise<void>((resolve) => history.onChange(resolve));
  history.look({ page: "overview" }, later);
  await failed;
  const after = history.look({ page: "overview" }, later);
  expect(after.days?.size).toBe(1);
  expect(after.notices).toMatchObject([{ message: expect.stringContaining("ECONNREFUSED") }]);
});

test("what is no Prometheus is called that", async () => {
  const { createServer } = await import("node:http");
  const server = createServer((_request, response) => response.end("<html>hello</html>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : 0;
  try {
    const { notices } = await told(aHistory(`http://127.0.0.1:${port}`), { page: "overview" });
    expect(notices[0]?.message).toContain("what answers is no Prometheus");
  } finally {
    server.close();
  }
});

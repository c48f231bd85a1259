/**
 * The pages in a real browser with more, longer and worse than anybody has, and with clocks that differ. The server, the decisions and
 * the pages are the real ones; what the cluster holds is made here.
 */
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type LocalUi, startLocalUi } from "../../cli/ui/local-door.ts";
import { createSignIn } from "../../cli/ui/sign-in.ts";
import { createViews } from "../../cli/ui/views/table.ts";
import { buildPages } from "../../scripts/build-pages.ts";
import { findViolations, openPage, startBrowser, type Watched } from "../support/cli/browser.ts";
import { aLargeWorld, HOSTILE, LARGE, LONGEST_NAME, longName } from "../support/cli/large-world.ts";
import { aBatch, aSession, hoursAgo, NOW_MS } from "../support/cli/objects.ts";
import { aWorld } from "../support/cli/ui-world.ts";

const HOUR_MS = 3_600_000;
/** Of a page of fifty with all that is around it; with a row for everything it would be tens of thousands. */
const MOST_ELEMENTS = 6_000;
const UNCOVERED = 3_000;
const FINDINGS = 1_000;

let world = aLargeWorld();
let server: LocalUi;
let browser: Browser;
let base: string;
const contexts: BrowserContext[] = [];
const opened: Watched[] = [];

const rows = <Row>(length: number, make: (at: number) => Row) => Array.from({ length }, (_one, at) => make(at));

beforeAll(async () => {
  const views = createViews({ world: { look: () => world } });
  const coverage = {
    covered: 0,
    failures: [HOSTILE],
    rows: rows(UNCOVERED, (at) => {
      const name = longName(at);
      return { state: "Uncovered", namespace: "demo", kind: "Deployment", name, by: [], why: HOSTILE, add: name };
    }),
  };
  const findings = rows(FINDINGS, (at) => ({
    check: "Check",
    status: "Warning",
    message: `${HOSTILE}, finding ${at}`,
    fix: HOSTILE,
  }));
  server = await startLocalUi(
    {
      signIn: createSignIn(Date.now()),
      pages: await buildPages(),
      views: Object.fromEntries(Object.entries(views).map(([name, view]) => [name, (query) => view(query, NOW_MS)])),
      onChange: () => () => undefined,
      questions: {
        about: async () => ({ server: "https://api", version: "1", allowsActions: false }),
        coverage: async () => coverage,
        doctor: async () => ({ findings }),
        rights: async () => ({}),
      },
      actions: {},
      allowsActions: false,
      onSignIn: () => undefined,
      onFault: (error) => {
        throw error;
      },
    },
    0,
  );
  base = server.address.replace(/\?.*/, "");
  browser = await startBrowser();
  const context = await newContext();
  const { page } = await openPage(context);
  await page.goto(server.address);
  await page.waitForURL((url) => url.search === "");
});

afterEach(async () => {
  for (const { page, complaints, requests } of opened.splice(0)) {
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(base))).toEqual([]);
    expect(await page.evaluate("window.hit")).toBeUndefined();
    await page.close();
  }
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Signed in as the first one is. */
async function newContext(): Promise<BrowserContext> {
  const signedIn = await contexts[0]?.storageState();
  const context = await browser.newContext({ locale: "en-US", ...(signedIn && { storageState: signedIn }) });
  context.setDefaultTimeout(60_000);
  contexts.push(context);
  return context;
}

async function openAt(hash: string, context = contexts[0]): Promise<Page> {
  if (context === undefined) throw new Error("no browser is there");
  const watched = await openPage(context);
  opened.push(watched);
  await goTo(watched.page, hash);
  return watched.page;
}

async function goTo(page: Page, hash: string): Promise<void> {
  await page.goto(`${base}${hash}`);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByText("Reading the cluster …").waitFor({ state: "detached" });
  await page.getByText("Looking …").waitFor({ state: "detached" });
}

const application = (name: string, more = "") => `#/application?kind=BackupBatch&namespace=demo&name=${name}${more}`;

describe("more than anybody has", () => {
  test.each([
    ["an overview", "#/overview", `1 to 50 of 1,002 applications`],
    ["a session of 5,000 hosts", application(LONGEST_NAME), `1 to 50 of 5,000 hosts`],
    ["the last page of its hosts", application(LONGEST_NAME, "&hosts=99"), "4,951 to 5,000 of 5,000 hosts"],
    ["a session of 1,000 members", application("many"), "1 to 50 of 1,000 members"],
    ["recovery points", "#/points", "1 to 50 of 2,"],
    ["a calendar of paused ones", "#/calendar", "1 to 50 of 1,000 applications"],
    ["a Repository that all use", "#/repositories", "demo/store"],
    ["what is not covered", "#/coverage", "1 to 50 of 3,000 that are not covered"],
    ["findings", "#/doctor", "1 to 50 of 1,000 findings"],
  ])("%s is paged, fits, and can be read by everybody", async (_what, hash, says) => {
    const page = await openAt(hash);
    await page.getByText(says).first().waitFor();
    const found: Record<string, unknown> = { violations: await findViolations(page) };
    const overWidth = () => page.evaluate("document.documentElement.scrollWidth - innerWidth");
    for (const width of [1_280, 360]) {
      await page.setViewportSize({ width, height: 900 });
      found[`over${width}`] = await overWidth();
    }
    expect(found).toEqual({ violations: [], over1280: 0, over360: 0 });
    expect(await page.evaluate("document.querySelectorAll('*').length")).toBeLessThan(MOST_ELEMENTS);
  });

  test("hosts that failed are on the first page, and each page goes on where the one before ended", async () => {
    const page = await openAt(application(LONGEST_NAME));
    const hosts = page.getByRole("article", { name: /^Host / });
    expect(await hosts.first().locator(".state").first().innerText()).toContain("Failed");
    const places = async () => {
      const names = await hosts.evaluateAll((all) => all.map((host) => host.getAttribute("aria-label") ?? ""));
      return names.map((name) => Number(name.slice(-5)));
    };
    const next = page.getByRole("navigation", { name: "Pages of hosts" }).getByRole("link", { name: "Next" });
    const seen = await places();
    await next.click();
    await page.getByText("51 to 100 of 5,000 hosts").waitFor();
    seen.push(...(await places()));
    expect(seen).toEqual(rows(100, (at) => at));
    await goTo(page, application(LONGEST_NAME, "&hosts=99"));
    await page.getByText("4,951 to 5,000 of 5,000 hosts").waitFor();
    expect(await places()).toEqual(rows(50, (at) => LARGE.hosts - 50 + at));
    expect(await next.count()).toBe(0);
  });

  test("what can't be read is told in full, and hides nothing else", async () => {
    const page = await openAt("#/overview");
    await page.getByText(`${LARGE.notices - 10} more notices`).click();
    const last = page.getByText(`BackupSession demo/x-${LARGE.notices - 1}: ${HOSTILE}`);
    expect(await last.textContent()).toContain(HOSTILE);
  });
});

describe("a browser whose clock is not the cluster's", () => {
  const just = () =>
    aWorld({
      invokers: [aBatch({ status: { lastRecoveryPoint: { session: "shop-1", time: hoursAgo(0) } } })],
      sessions: [aSession({ hoursAgo: 0 }), aSession({ name: "shop-0", hoursAgo: 3 })],
    });
  const timesOf = (page: Page): Promise<readonly string[]> =>
    page.evaluate("[...document.querySelectorAll('time')].map((time) => time.innerText)");
  const ABSURD = /-|NaN|ahead|\b\d{3,} (h|days)/;

  test.each([
    ["an hour ahead", HOUR_MS],
    ["an hour behind", -HOUR_MS],
    ["of another year", -300 * 24 * HOUR_MS],
  ])("%s: ages and times to come are those of the cluster", async (_what, offMs) => {
    world = just();
    const context = await newContext();
    await context.clock.install({ time: NOW_MS + offMs });
    const page = await openAt(application("shop"), context);
    await page.getByText("0 s ago").first().waitFor();
    const times = await timesOf(page);
    expect(times.filter((text) => ABSURD.test(text))).toEqual([]);
    expect(times).toEqual(expect.arrayContaining(["0 s ago", "3 h ago", "in 60 min"]));
    expect(times.filter((text) => text.startsWith("in "))).toEqual(["in 60 min"]);
    // Somebody sets it, while the page is open.
    await context.clock.setSystemTime(NOW_MS + offMs - 2 * HOUR_MS);
    await context.clock.runFor(3_000);
    const later = await timesOf(page);
    expect(later.filter((text) => ABSURD.test(text) || (text.startsWith("in ") && text !== "in 60 min"))).toEqual([]);
  });
});

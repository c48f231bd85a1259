/**
 * What the pages of `kubectl stash ui` cost: their size as it travels, the time until an application with 1,000 sessions, and until
 * 1,000 applications, are painted in headless Chromium, and what the page holds after many changes. No cluster: the server, the
 * decisions and the pages are the real ones.
 */
import { gzipSync } from "node:zlib";
import { startLocalUi } from "../cli/ui/local-door.ts";
import { createSignIn } from "../cli/ui/sign-in.ts";
import { createViews } from "../cli/ui/views/table.ts";
import { buildPages } from "../scripts/build-pages.ts";
import { startBrowser } from "../tests/support/cli/browser.ts";
import { aBatch, aSession, hoursAgo, NOW_MS } from "../tests/support/cli/objects.ts";
import { aWorld } from "../tests/support/cli/ui-world.ts";

const COUNT = 1_000;
const ROUNDS = 5;
/** Of an hour in which something changes once in six seconds. */
const CHANGES = 600;

/** @returns figures by name */
export async function run(): Promise<Readonly<Record<string, number>>> {
  const pages = await buildPages();
  const bytes = Object.values(pages).reduce((sum, { text }) => sum + gzipSync(text).length, 0);
  const sessions = Array.from({ length: COUNT }, (_one, at) => aSession({ name: `shop-${at}`, hoursAgo: at + 1 }));
  const others = Array.from({ length: COUNT - 1 }, (_one, at) => aBatch({ name: `app-${at}` }));
  const ofOthers = others.map(({ metadata: { name } }) => aSession({ name: `${name}-1`, batch: name }));
  let change = 0;
  const work = () =>
    aSession({
      name: "shop-now",
      hoursAgo: 0,
      phase: "Running",
      targets: [
        {
          alias: "db",
          phase: "Running",
          host: {
            startedAt: hoursAgo(0),
            progress: { percent: (100 * change) / CHANGES, filesDone: change, heartbeat: hoursAgo(0) },
          },
        },
      ],
    });
  const world = () => aWorld({ invokers: [aBatch(), ...others], sessions: [work(), ...sessions, ...ofOthers] });
  let look = world();
  const listeners = new Set<() => void>();
  const views = createViews({ world: { look: () => look } });
  const server = await startLocalUi(
    {
      signIn: createSignIn(Date.now()),
      pages,
      views: Object.fromEntries(Object.entries(views).map(([name, view]) => [name, (query) => view(query, NOW_MS)])),
      onChange: (changed) => {
        listeners.add(changed);
        return () => void listeners.delete(changed);
      },
      questions: { about: async () => ({ server: "", version: "", allowsActions: false }) },
      actions: {},
      allowsActions: false,
      onSignIn: () => undefined,
      onFault: (error) => {
        throw error;
      },
    },
    0,
  );
  const browser = await startBrowser();
  const page = await browser.newPage();
  await page.goto(server.address);
  await page.waitForURL((url) => url.search === "");
  const paint = async (hash: string, text: string) => {
    await page.goto(`${server.address.replace(/\?.*/, "")}${hash}`);
    await page.goto("about:blank");
    const startedMs = performance.now();
    await page.goto(`${server.address.replace(/\?.*/, "")}${hash}`);
    await page.getByText(text).first().waitFor();
    return performance.now() - startedMs;
  };
  const fastest = async (hash: string, text: string) => {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) times.push(await paint(hash, text));
    return Math.min(...times);
  };
  const overviewPaintMs = await fastest(
    "#/overview",
    `50 of ${new Intl.NumberFormat("en-US").format(COUNT)} applications`,
  );
  const paintMs = await fastest(
    "#/application?kind=BackupBatch&namespace=demo&name=shop",
    `20 of ${new Intl.NumberFormat("en-US").format(COUNT + 1)} runs`,
  );
  const devtools = await page.context().newCDPSession(page);
  const heap = async () => {
    await devtools.send("HeapProfiler.collectGarbage");
    return (await devtools.send("Runtime.getHeapUsage")).usedSize / 2 ** 20;
  };
  const heapBefore = await heap();
  for (change = 2; change <= CHANGES; change++) {
    look = world();
    for (const changed of listeners) changed();
    // Changes that come together are sent together, and would be painted once.
    await page
      .getByText(new RegExp(`\\b${change} files\\b`))
      .first()
      .waitFor();
  }
  const heapAfter = await heap();
  await browser.close();
  await server.close();
  return {
    bundleKiB: bytes / 1_024,
    paintMs,
    overviewPaintMs,
    heapMiB: heapAfter,
    heapGrowthMiB: heapAfter - heapBefore,
  };
}

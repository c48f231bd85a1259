/** The pages of `kubectl stash ui` in a real browser, of the built program, on an installation with real data. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { repositorySamples } from "../../reconciler/metrics/repository-samples.ts";
import { PLUGIN_FILE } from "../../scripts/build.ts";
import { NODE_PATH } from "../../scripts/image-root/contents.ts";
import { UNNAMED_IMAGE } from "../../scripts/manifests/installation.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRepository } from "../../shared/api/repository.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findViolations, openPage, startBrowser, type Watched } from "../support/cli/browser.ts";
import { aSession } from "../support/cli/objects.ts";
import { CLIENT_ID, type OidcProxy, startOidcProxy } from "../support/cli/oidc-proxy.ts";
import { putOpener } from "../support/cli/opener.ts";
import { NAME_HEADER, type SigningProxy, startSigningProxy } from "../support/cli/signing-proxy.ts";
import { startUi, startUiIn, type UiProcess } from "../support/cli/ui-process.ts";
import { SERVICE_ACCOUNT_ISSUER } from "../support/control-plane/flags.ts";
import { findFreePorts } from "../support/control-plane/free-ports.ts";
import { makeUserKubeconfig } from "../support/control-plane/kubeconfig.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";
import { eventually } from "../support/eventually.ts";
import { describeTree } from "../support/files/tree.ts";
import { kustomize } from "../support/install/kustomize.ts";
import { startTcpProxy, type TcpProxy } from "../support/kube/tcp-proxy.ts";
import { type Prometheus, startPrometheus } from "../support/metrics/prometheus.ts";
import { applyFile, applyManifests, type Manifest } from "../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";
import { PRODUCT_IMAGE } from "../support/product/running-product.ts";
import { batchManifest, partManifest } from "../support/restore/application.ts";
import { emptyFolder, openRestoreStand, type RestoreStand } from "../support/restore/restore-stand.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "ui-test";
const TIMEOUT_MS = 90_000;
/** A Service of one, as the command line has it. */
const PROMETHEUS = `${NAMESPACE}/prometheus:9090`;
const DB = { kind: "Deployment", name: "db" } as const;
const WEB = { kind: "Deployment", name: "web" } as const;
/** As long as names may be, but for what its sessions add. */
const LONG_NAME = "n".repeat(240);
const HOSTILE = '<img src="http://192.0.2.1/x" onerror="window.hit = 1"><script>window.hit = 2</script>\u202egnp.exe';
const HOSTILE_PATH = '/data/<img src=x onerror="window.hit=3">';
/** Restores into claims, as drills do. */
const CATALOGUE = resolve(import.meta.dirname, "../../manifests/catalog/pvc.yaml");
/** What the overlay names all that it adds. */
const OVERLAY = "stash-batch-ui";
/** Pictures of all pages, for whoever looks at a run of the tests. */
const PICTURES = resolve(import.meta.dirname, "../../.cache/ui");

const cluster = useProduct();
const folders = new Map<string, string>();
const programs: UiProcess[] = [];
const opened: Watched[] = [];
let stand: RestoreStand;
let dir: string;
let proxy: TcpProxy;
let signing: SigningProxy | undefined;
let oidc: OidcProxy | undefined;
let prometheus: Prometheus | undefined;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let base: string;

/** Its database has a hook that prints what means harm, and takes a second, so that somebody can look on. */
function nightly(): Manifest {
  const batch = parse(stringify(batchManifest(NAMESPACE, [DB, WEB], { executionOrder: "Sequential" })));
  const command = ["sh", "-c", `printf '%s' '${HOSTILE}'; sleep 1`];
  batch.spec.members[0].hooks = { preBackup: { exec: { command }, containerName: "app" } };
  return batch;
}

/** Never runs well: its path is not there, and its error names it. */
function hostile(): Manifest {
  const batch = parse(stringify(batchManifest(NAMESPACE, [WEB], { paused: true })));
  batch.metadata.name = LONG_NAME;
  batch.spec.members[0].target.paths = [HOSTILE_PATH];
  return batch;
}

async function writeKubeconfig(
  name: string,
  groups: readonly string[],
  serverUrl = sharedPlane().serverUrl,
): Promise<string> {
  const config = parse(await makeUserKubeconfig(serverUrl, name, groups));
  for (const one of config.contexts) one.context.namespace = NAMESPACE;
  const path = join(dir, name);
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}

async function start(kubeconfig: string, ...args: readonly string[]): Promise<UiProcess> {
  const program = await startUi(join(sharedPlane().bundlesFolder, PLUGIN_FILE), kubeconfig, ["--no-open", ...args]);
  programs.push(program);
  return program;
}

async function open(inContext: BrowserContext, address: string): Promise<Watched> {
  const watched = await openPage(inContext);
  opened.push(watched);
  await watched.page.goto(address);
  await watched.page.waitForURL((url) => url.search === "");
  return watched;
}

const application = (name = "nightly", more = "") =>
  `#/application?kind=BackupBatch&namespace=${NAMESPACE}&name=${name}${more}`;

async function goTo(hash: string, heading: string | RegExp, at = page): Promise<void> {
  await at.goto(`${base}${hash}`);
  await at.getByRole("heading", { level: 1, name: heading }).waitFor();
  await at.getByText("Reading the cluster …").waitFor({ state: "detached" });
  await at.getByText("Looking …").waitFor({ state: "detached", timeout: TIMEOUT_MS });
}

async function trees() {
  return Object.fromEntries(
    await Promise.all([...folders].map(async ([name, folder]) => [name, await describeTree(folder)] as const)),
  );
}

/** Nothing that somebody else wrote ran, nothing went elsewhere, and nothing went wrong unseen. */
async function expectClean(): Promise<void> {
  for (const watched of opened) {
    const origin = new URL(watched.page.url()).origin;
    expect(watched.complaints).toEqual([]);
    expect(watched.requests.filter((url) => !url.startsWith(`${origin}/`))).toEqual([]);
    expect(await watched.page.evaluate("window.hit")).toBeUndefined();
  }
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-ui-"));
  await mkdir(PICTURES, { recursive: true });
  stand = await openRestoreStand(cluster(), NAMESPACE);
  const { marks } = stand;
  for (const part of [DB, WEB]) {
    const folder = await stand.makeFolder(part.name);
    folders.set(part.name, folder);
    await writeFile(join(folder, "own"), `data of ${part.name}`);
  }
  await stand.apply(nightly(), hostile());
  proxy = await startTcpProxy(sharedPlane().serverUrl);
  const admin = await writeKubeconfig("admin", ["system:masters"], proxy.url.href);
  const [program, started] = await Promise.all([start(admin, "--allow-actions"), startBrowser()]);
  browser = started;
  context = await browser.newContext({ locale: "en-US", timezoneId: "Europe/Berlin" });
  context.setDefaultTimeout(TIMEOUT_MS);
  ({ page } = await open(context, program.address));
  base = program.address.replace(/\?.*/, "");
  for (const part of [DB, WEB]) {
    await stand.apply(partManifest({ ...part, namespace: NAMESPACE, marks, data: folders.get(part.name) ?? "" }));
  }
  for (const { name } of [DB, WEB])
    await waitForContainer(stand.client, NAMESPACE, `app=${name}`, "stash", 1, TIMEOUT_MS);
  const read = () => stand.client.get(KINDS.BackupBatch, NAMESPACE, "nightly", asIs);
  await eventually(read, (one) => textAt(one, "status", "phase") === "Ready");
});

afterEach(expectClean);

afterAll(async () => {
  await browser?.close();
  for (const program of programs) await program.stop();
  await proxy?.stop();
  await signing?.stop();
  await oidc?.stop();
  await prometheus?.stop();
  if (dir !== undefined) removeFolder(dir);
});

let session = "";

const runState = (at = page) => at.getByRole("region", { name: /^(BackupSession|RestoreBatch) / }).getByRole("status");
const card = (name: string, at = page) =>
  at.getByRole("listitem").filter({ has: at.getByRole("link", { name: `${NAMESPACE}/${name}`, exact: true }) });

/** The sign and word of an application, a run or a member. */
const stateIn = (place: Locator, word: string) => place.locator(".state").filter({ hasText: word }).first();

test("before the first backup the overview says so, and shows every application, the longest name too", async () => {
  await goTo("#/overview", "Overview");
  await stateIn(card("nightly"), "No point yet").waitFor();
  await stateIn(card(LONG_NAME), "Paused").waitFor();
});

test("a session that a click starts is seen as it goes, and its hook's output is a text", async () => {
  await goTo(application(), `${NAMESPACE}/nightly`);
  await page.getByRole("button", { name: "Back up now" }).click();
  await page.getByRole("heading", { level: 2, name: /^BackupSession nightly-\d{10}$/ }).waitFor();
  // Nothing is loaded again from here on: all that is seen comes by itself.
  const lanes = page.getByRole("list", { name: "Members" }).getByRole("listitem");
  await lanes
    .filter({ hasText: "web" })
    .getByText(/waits for db/)
    .waitFor();
  await page.screenshot({ path: join(PICTURES, "application-live.png") });
  await runState().getByText("Succeeded").waitFor();
  session = /nightly-\d{10}/.exec(page.url())?.[0] ?? "";
  await lanes.locator(".state").filter({ hasText: "Succeeded" }).nth(1).waitFor();
  await page.getByRole("img", { name: /^db: host \S+ Succeeded, .*; hook preBackup Succeeded, from/ }).waitFor();
  await lanes.getByRole("link", { name: "db" }).click();
  const host = page.getByRole("article", { name: /^Host / });
  await host.getByText("/data").waitFor();
  expect(await page.locator("pre").first().textContent()).toContain(HOSTILE);
  await host.getByText("Log of its pod").click();
  await host.getByRole("button", { name: "Read the last lines" }).click();
  const log = host.getByRole("region", { name: "Log of stash" }).locator("pre");
  expect(await log.textContent()).toMatch(/^\d\d:\d\d:\d\d info {2}path saved .*path=\/data/m);
});

test("a failed session tells the code, the next step and the path, whatever that is", async () => {
  await goTo(application(LONG_NAME), `${NAMESPACE}/${LONG_NAME}`);
  await page.getByRole("button", { name: "Back up now" }).click();
  await runState().getByText("Failed").waitFor();
  await page.getByText("PATH_NOT_FOUND").first().waitFor();
  await page
    .getByText(/^Next: Correct target\.paths/)
    .first()
    .waitFor();
  await page.getByText(HOSTILE_PATH).first().waitFor();
});

test("a restore by clicks shows its plan first, asks for the name, is followed, and brings the files back", async () => {
  const before = await trees();
  for (const folder of folders.values()) await emptyFolder(folder);
  await goTo(
    `#/points?kind=BackupBatch&namespace=${NAMESPACE}&name=nightly`,
    `Recovery points of ${NAMESPACE}/nightly`,
  );
  await page.getByRole("button", { name: `Restore to ${session}…` }).click();
  const dialog = page.getByRole("dialog", { name: `Restore ${NAMESPACE}/nightly to ${session}` });
  await dialog.getByText("took it in a dry run").waitFor();
  const rows = dialog.getByRole("region", { name: "Plan" }).getByRole("row");
  expect(await rows.nth(1).innerText()).toMatch(
    /^1\s+db\s+Deployment ui-test\/db\s+init-container of its pods\s+its pod\s+1 snapshot, /,
  );
  expect(await rows.nth(2).innerText()).toMatch(/^2\s+web\s/);
  const files = dialog.getByRole("region", { name: "Files" }).locator("pre");
  expect(await files.textContent()).toMatch(/^db: 1 new, 0 written over, .*\nweb: 1 new, 0 written over, /);
  expect(await findViolations(page)).toEqual([]);
  await page.screenshot({ path: join(PICTURES, "restore.png") });
  const restore = dialog.getByRole("button", { name: "Restore", exact: true });
  await dialog.getByRole("textbox").fill("nightl");
  expect(await restore.isDisabled()).toBe(true);
  expect((await stand.client.list(KINDS.RestoreBatch, NAMESPACE, asIs)).items).toEqual([]);
  await dialog.getByRole("textbox").fill("nightly");
  await restore.click();
  await page.getByRole("heading", { level: 2, name: /^RestoreBatch nightly-restore-\d{10}$/ }).waitFor();
  await runState().getByText("Succeeded").waitFor();
  expect(await trees()).toEqual(before);
});

test("a drill is seen as it goes, and its point is marked as proven, with the time that it took", async () => {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  await applyFile(stand.client, CATALOGUE);
  await applyManifests(stand.client, [
    {
      apiVersion,
      kind: "BackupVerifier",
      metadata: { name: "proof", namespace: NAMESPACE },
      spec: {
        invoker: { kind: "BackupBatch", name: "nightly" },
        storage: { storageClassName: "standard" },
        maxRecoveryTime: "10m",
      },
    },
    { apiVersion, kind, metadata: { name: "drill", namespace: NAMESPACE }, spec: { verifier: "proof" } },
  ]);
  await goTo(application(), `${NAMESPACE}/nightly`);
  await page.getByRole("link", { name: "drill", exact: true }).click();
  await page.getByRole("heading", { level: 2, name: "BackupVerificationSession drill" }).waitFor();
  const run = page.getByRole("region", { name: "BackupVerificationSession drill" });
  await run.locator(".state").filter({ hasText: "Succeeded" }).first().waitFor();
  await page.getByRole("img", { name: /^steps: step made ready Succeeded, .*; step restored Succeeded, / }).waitFor();
  await page.getByRole("list", { name: "Members" }).getByRole("link", { name: "web" }).click();
  await page.getByText(/^restored in \d+ s; \d+ files, .*; contents of 1 compared, /).waitFor();
  await page.getByRole("img", { name: /^Recoveries as measured by drills, .* the verifier allows 10 min/ }).waitFor();
  await goTo(
    `#/points?kind=BackupBatch&namespace=${NAMESPACE}&name=nightly`,
    `Recovery points of ${NAMESPACE}/nightly`,
  );
  const row = page.getByRole("row").filter({ hasText: session });
  await stateIn(row, "Proven").waitFor();
  await row.getByText(/^restored in \d+ s$/).waitFor();
});

/** Each with what it must say. */
const PAGES: readonly (readonly [string, string, string, (at: Page) => Promise<void>])[] = [
  [
    "overview",
    "#/overview",
    "Overview",
    async (at) => {
      await stateIn(card("nightly", at), "Good").waitFor();
      await stateIn(card(LONG_NAME, at), "Failing").waitFor();
      const complete = card("nightly", at).getByText(/: complete, 1 of 1 run complete$/);
      await complete.waitFor({ state: "attached" });
    },
  ],
  [
    "application",
    application(),
    `${NAMESPACE}/nightly`,
    async (at) => {
      await at.getByRole("link", { name: session, exact: true }).click();
      await runState(at).getByText("Succeeded").waitFor();
    },
  ],
  [
    "application-failed",
    application(LONG_NAME),
    `${NAMESPACE}/${LONG_NAME}`,
    async (at) => {
      // The restore of the same part is newer.
      await at.getByRole("link", { name: /^n+-\d{10}$/ }).click();
      await runState(at).getByText("Failed").waitFor();
    },
  ],
  [
    "drill",
    application("nightly", "&run=BackupVerificationSession/drill&member=web"),
    `${NAMESPACE}/nightly`,
    (at) =>
      at
        .getByText(/^restored in /)
        .first()
        .waitFor(),
  ],
  ["points", "#/points", "Recovery points", (at) => at.getByText(session).first().waitFor()],
  [
    "calendar",
    "#/calendar",
    "Calendar",
    (at) => at.getByRole("listitem").filter({ hasText: LONG_NAME }).getByText("its schedule is paused").waitFor(),
  ],
  [
    "repositories",
    "#/repositories",
    "Repositories",
    (at) =>
      at
        .getByRole("listitem")
        .filter({ hasText: `${NAMESPACE}/store` })
        .getByText("local")
        .waitFor(),
  ],
  ["coverage", "#/coverage", "Coverage", (at) => at.getByText("Nothing lacks.").waitFor()],
  ["explain", "#/explain", "Explain", (at) => at.getByLabel("Manifest, as YAML").waitFor()],
  [
    "doctor",
    "#/doctor",
    "Doctor",
    (at) => at.getByRole("listitem").filter({ hasText: "Kubernetes version" }).getByText("Ok").waitFor(),
  ],
];

test("every page says what is so, breaks no rule for those who see, hear or type otherwise, and fits", async () => {
  const other = await browser.newContext({ storageState: await context.storageState(), locale: "en-US" });
  other.setDefaultTimeout(TIMEOUT_MS);
  // A second tab of somebody who is signed in.
  const { page: tab } = await open(other, base);
  const picture = (name: string) => tab.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
  const overWidth = () => tab.evaluate("document.documentElement.scrollWidth - innerWidth");
  for (const [name, hash, heading, says] of PAGES) {
    await tab.emulateMedia({ colorScheme: "light" });
    await tab.setViewportSize({ width: 1_280, height: 900 });
    await goTo(hash, heading, tab);
    await says(tab);
    const found: Record<string, unknown> = { light: await findViolations(tab), wide: await overWidth() };
    await picture(`${name}-light-1280`);
    // What is dark or narrow is the same page: its colours and its width are all that differ.
    await tab.emulateMedia({ colorScheme: "dark" });
    found["dark"] = await findViolations(tab, "colours");
    await picture(`${name}-dark-1280`);
    await tab.emulateMedia({ colorScheme: "light" });
    await tab.setViewportSize({ width: 360, height: 900 });
    found["narrow"] = await overWidth();
    await picture(`${name}-light-360`);
    expect({ name, ...found }).toEqual({ name, light: [], wide: 0, dark: [], narrow: 0 });
  }
  await expectClean();
  opened.pop();
  await other.close();
});

test("a manifest that is pasted is explained with its change, and what is none is told", async () => {
  await goTo("#/explain", "Explain");
  const { marks } = stand;
  const part = { ...WEB, namespace: NAMESPACE, marks, data: folders.get("web") ?? "" };
  await page.getByLabel("Manifest, as YAML").fill(stringify(partManifest(part)));
  await page.getByRole("button", { name: "Explain" }).click();
  const change = page.getByRole("region", { name: `Deployment ${NAMESPACE}/web: change` }).locator("pre");
  expect(await change.textContent()).toMatch(/^\+ +- name: stash$/m);
  await page.getByLabel("Manifest, as YAML").fill("a: [");
  await page.getByRole("button", { name: "Explain" }).click();
  await page.getByText(/INVALID_OBJECT: the text: /).waitFor();
});

test("keys alone reach the content, open a dialog and leave it", async () => {
  await goTo("#/points", "Recovery points");
  await page.keyboard.press("Shift+Tab");
  for (let at = 0; at < 20; at++) {
    if ((await page.evaluate("document.activeElement.textContent")) === "Skip to the content") break;
    await page.keyboard.press("Shift+Tab");
  }
  await page.keyboard.press("Enter");
  expect(await page.evaluate("document.activeElement.id")).toBe("main");
  await page.getByRole("button", { name: `Restore to ${session}…` }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByText("took it in a dry run").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(await page.evaluate("document.activeElement.textContent")).toBe("Restore…");
});

test("an API server that goes away is told, what was there stays, and it goes on by itself", async () => {
  await goTo("#/overview", "Overview");
  proxy.refuse();
  await page.getByText(/the API server does not answer: .* What is shown is of /).waitFor();
  await stateIn(card("nightly"), "Good").waitFor();
  proxy.restore();
  await page.getByText("the API server does not answer").waitFor({ state: "detached" });
  await stateIn(card("nightly"), "Good").waitFor();
});

/** A pod that passes on what comes to its port 9090. @returns its address */
async function passOn(name: string, host: string, port: number): Promise<string> {
  const pass = `require("net").createServer((from) => {
    const to = require("net").connect(${port}, "${host}");
    for (const one of [from, to]) one.on("error", () => (from.destroy(), to.destroy()));
    from.pipe(to).pipe(from);
  }).listen(9090)`;
  const metadata = { name, namespace: NAMESPACE, labels: { app: name } };
  const containers = [{ name: "app", image: "tests/application:1", command: [NODE_PATH, "-e", pass] }];
  const spec = { terminationGracePeriodSeconds: 0, containers };
  await applyManifests(stand.client, [{ apiVersion: "v1", kind: "Pod", metadata, spec }]);
  await waitForReadyPods(stand.client, NAMESPACE, `app=${name}`, 1, TIMEOUT_MS);
  return stand.client.get(KUBERNETES.Pod, NAMESPACE, name, (pod) => textAt(pod, "status", "podIP") ?? "");
}

test("what a Prometheus behind a Service remembers is shown, asked by the API server with one's own rights", async () => {
  const { gateway, client } = cluster();
  const repository = await client.get(KINDS.Repository, NAMESPACE, "store", parseRepository);
  const sizeOf = (totalSizeBytes: number) => {
    const result = {
      action: "SendRepositoryMetrics",
      phase: "Succeeded",
      totalSizeBytes,
      finishedAt: "2026-01-01T00:00:00Z",
    };
    const sessions = [aSession({ targets: [{ alias: "db", host: { results: [result] } }] })];
    return [...repositorySamples(repository, sessions)];
  };
  const past = [3, 2, 1].map((daysAgo) => ({
    atMs: Date.now() - daysAgo * 86_400_000 + 60_000,
    samples: sizeOf(4_000_000 - daysAgo * 1_000_000),
  }));
  prometheus = await startPrometheus(past, gateway);
  const metadata = { name: "prometheus", namespace: NAMESPACE };
  // The API server leads to pods alone.
  await passOn("prometheus", gateway, prometheus.port);
  await applyManifests(client, [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: { app: "prometheus" }, ports: [{ port: 9_090 }] },
    },
  ]);
  const program = await start(await writeKubeconfig("told", ["system:masters"]), `--prometheus=${PROMETHEUS}`);
  const other = await browser.newContext({ locale: "en-US" });
  other.setDefaultTimeout(TIMEOUT_MS);
  const { page: tab } = await open(other, program.address);
  await tab.getByText(`service ${PROMETHEUS}`).waitFor();
  await tab.getByRole("link", { name: "Repositories" }).click();
  await tab.getByRole("img", { name: /^Size of store over time, .*: the last 2\.9 MiB, at most 2\.9 MiB; / }).waitFor();
  expect(await findViolations(tab)).toEqual([]);
});

test("without rights the right is named, nothing is called good, and nothing can be changed", async () => {
  const rule = {
    apiGroups: [KINDS.BackupBatch.group],
    resources: [KINDS.BackupBatch.plural],
    verbs: ["list", "watch"],
  };
  const metadata = { name: "ui-viewer", namespace: NAMESPACE };
  await applyManifests(stand.client, [
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata, rules: [rule] },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "ui-viewer" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "viewer" }],
    },
  ]);
  const plugin = join(sharedPlane().bundlesFolder, PLUGIN_FILE);
  const opener = putOpener(dir);
  const program = await startUi(
    plugin,
    await writeKubeconfig("viewer", []),
    [`--prometheus=${PROMETHEUS}`],
    opener.path,
  );
  programs.push(program);
  const other = await browser.newContext({ locale: "en-US" });
  other.setDefaultTimeout(TIMEOUT_MS);
  // As the program opens it: a file leads there, what is shown can be loaded again, and nothing of the token stays.
  const own = program.address.replace(/\?.*/, "");
  const door = await other.newPage();
  const file = await opener.told();
  expect(file).toMatch(/^file:/);
  await door.goto(file);
  await door.waitForURL(own);
  await door.reload();
  await door.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  expect(existsSync(fileURLToPath(file))).toBe(false);
  await door.close();
  const { page: tab } = await open(other, own);
  await tab.getByText(/you lack the right to list backupsessions\.stash\.appscode\.com in namespace ui-test/).waitFor();
  await tab
    .getByText("Next: check it with: kubectl auth can-i list repositories.stash.appscode.com -n ui-test")
    .waitFor();
  await tab.getByText(/you lack the right to get services\/proxy in namespace ui-test/).waitFor();
  await stateIn(card("nightly", tab), "Unknown").waitFor();
  expect(await tab.getByText("Good", { exact: true }).count()).toBe(0);
  await card("nightly", tab).getByRole("link").click();
  await tab.getByRole("heading", { level: 1, name: `${NAMESPACE}/nightly` }).waitFor();
  await tab.getByText(/--allow-actions was not given/).waitFor();
  expect(await tab.getByRole("button", { name: "Back up now" }).count()).toBe(0);
  await tab.getByRole("link", { name: "Coverage" }).click();
  await tab.getByText(/API_FORBIDDEN: you lack the right to list deployments\.apps/).waitFor();
});

/** A ServiceAccount as a person who came through the proxy, with a token of his own. */
async function makePerson(name: string, rules: readonly object[], audiences: readonly string[] = []): Promise<string> {
  const metadata = { name, namespace: NAMESPACE };
  const group = "rbac.authorization.k8s.io";
  await applyManifests(stand.client, [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${group}/v1`, kind: "Role", metadata, rules },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace: NAMESPACE }],
    },
  ]);
  const order = {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3_600, audiences },
  };
  const tokenOf = (answer: unknown) => textAt(answer, "status", "token") ?? "";
  return stand.client.createSubresource(KUBERNETES.ServiceAccount, NAMESPACE, name, "token", order, tokenOf);
}

async function openAs(name: string, address: string): Promise<Page> {
  const own = await browser.newContext({ locale: "en-US", extraHTTPHeaders: { [NAME_HEADER]: name } });
  own.setDefaultTimeout(TIMEOUT_MS);
  return (await open(own, address)).page;
}

/** As the role `view` has it, and no more. */
const LOOKS = [
  { apiGroups: [KINDS.BackupBatch.group, KINDS.Repository.group], resources: ["*"], verbs: ["get", "list", "watch"] },
  { apiGroups: ["", "apps"], resources: ["pods", "pods/log", "deployments"], verbs: ["get", "list", "watch"] },
];

test("in the cluster each sees by his own token, buttons name the right that lacks, and nobody keeps a token", async () => {
  const tokens = [await makePerson("ui-ann", LOOKS), await makePerson("ui-eve", [])] as const;
  const [port = 0, upstream = 0] = await findFreePorts(2);
  signing = await startSigningProxy(port, upstream);
  const { address } = signing;
  signing.signIn("ann", tokens[0]);
  signing.signIn("eve", tokens[1]);
  const caFile = join(dir, "ca.crt");
  await writeFile(caFile, sharedPlane().caPem);
  const { hostname, port: serverPort } = new URL(sharedPlane().serverUrl);
  const env = { PATH: process.env["PATH"], KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: serverPort };
  const flags = [
    `--public-url=${address}`,
    `--port=${upstream}`,
    "--listen-address=127.0.0.1",
    `--api-ca-file=${caFile}`,
  ];
  const plugin = join(sharedPlane().bundlesFolder, PLUGIN_FILE);
  const program = await startUiIn(env, plugin, ["--in-cluster", "--allow-actions", ...flags]);
  programs.push(program);

  // All namespaces are not hers: she is told, and goes to the one that is.
  const ann = await openAs("ann", address);
  await ann
    .getByText(/; or look at one namespace: its name goes into the field below$/)
    .first()
    .waitFor();
  await ann.getByText("You are system:serviceaccount:ui-test:ui-ann.").waitFor();
  await ann.getByLabel("Look at one namespace; empty for all").fill(NAMESPACE);
  await ann.getByRole("button", { name: "Look", exact: true }).click();
  await ann.waitForURL(`${address}in/${NAMESPACE}/`);
  await stateIn(card("nightly", ann), "Good").waitFor();

  // Eve has a page, with nothing of what is there for ann at this very moment.
  const eve = await openAs("eve", `${address}in/${NAMESPACE}/`);
  await eve.getByText(/you lack the right to list backupbatches\.stash\.appscode\.com in namespace ui-test/).waitFor();
  expect(await eve.getByText("nightly").count()).toBe(0);
  const stolen = await fetch(`http://127.0.0.1:${upstream}/in/${NAMESPACE}/view/overview`, {
    headers: { authorization: `Bearer ${tokens[0].slice(0, -4)}AAAA` },
  });
  // fetch names the port that it asks, and that is not the proxy's.
  expect(stolen.status).toBe(421);

  await card("nightly", ann).getByRole("link").click();
  const backUp = ann.getByRole("button", { name: "Back up now" });
  await ann.getByText("you lack the right to create backupsessions.stash.appscode.com in namespace ui-test").waitFor();
  expect(await backUp.isDisabled()).toBe(true);
  await ann.getByRole("link", { name: "Recovery points", exact: true }).click();
  await ann.getByRole("button", { name: `Restore to ${session}…` }).click();
  const dialog = ann.getByRole("dialog");
  await dialog.getByText("The API server was not asked whether it takes it").waitFor();
  await dialog.getByText("you lack the right to create restorebatches.stash.appscode.com").waitFor();
  await dialog.getByRole("textbox").fill("nightly");
  expect(await dialog.getByRole("button", { name: "Restore", exact: true }).isDisabled()).toBe(true);
  expect(await findViolations(ann)).toEqual([]);
  await ann.screenshot({ path: join(PICTURES, "in-cluster.png") });
  await dialog.getByRole("button", { name: "Close" }).click();

  await expectClean();
  // From here on the browser says itself that it is led elsewhere.
  opened.splice(-2);
  signing.signOut("ann");
  await ann.getByText(/^What is shown is old: you are not signed in any more, since /).waitFor();
  for (const token of tokens) expect(program.notes()).not.toContain(token);
  expect(program.notes()).not.toContain("Bearer");
});

/** What the overlay adds to the base, with the image of the suite and the proxy's address in place of what an admin puts there. */
function overlayObjects(address: string): readonly Manifest[] {
  const added = kustomize(sharedPlane().programsDir, "overlays/ui").filter(({ metadata }) => metadata.name === OVERLAY);
  const text = JSON.stringify(added)
    .replaceAll(UNNAMED_IMAGE, PRODUCT_IMAGE)
    .replace("https://backups.example.com/", address);
  const objects: readonly Manifest[] = JSON.parse(text);
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace: NAMESPACE } }));
}

test("the overlay's pod, which has no right, serves each through its Service and a real OIDC proxy by his own token", async () => {
  const { client } = stand;
  const audiences = [SERVICE_ACCOUNT_ISSUER, CLIENT_ID];
  const tokens = new Map([
    ["ann", await makePerson("oidc-ann", LOOKS, audiences)],
    ["eve", await makePerson("oidc-eve", [], audiences)],
  ]);
  const [port = 0, issuerPort = 0] = await findFreePorts(2);
  const objects = overlayObjects(`http://127.0.0.1:${port}/`);
  expect(objects.map(({ kind }) => kind).sort()).toEqual(["Deployment", "NetworkPolicy", "Service", "ServiceAccount"]);
  await applyManifests(client, objects);
  await waitForReadyPods(client, NAMESPACE, "app.kubernetes.io/component=ui", 1, TIMEOUT_MS);
  const selection = { labelSelector: "app.kubernetes.io/component=ui" };
  const [pod] = (await client.list(KUBERNETES.Pod, NAMESPACE, asIs, selection)).items;
  expect(textAt(pod, "spec", "serviceAccountName")).toBe(OVERLAY);
  expect(listAt(pod, "spec", "volumes").map((volume) => textAt(volume, "name"))).toEqual(["api-server"]);
  const serviceIp = await client.get(
    KUBERNETES.Service,
    NAMESPACE,
    OVERLAY,
    (one) => textAt(one, "spec", "clusterIP") ?? "",
  );
  // Addresses of Services lead somewhere inside of nodes alone.
  const inside = `http://${await passOn("ui-proxy", serviceIp, 80)}:9090`;
  const keys = await client.read("/openid/v1/jwks", {}, { accept: "application/jwk-set+json" });
  oidc = await startOidcProxy({ port, issuerPort, upstream: inside, issuer: SERVICE_ACCOUNT_ISSUER, keys, tokens });
  const address = `${oidc.address}in/${NAMESPACE}/`;

  async function signInAs(name: string): Promise<Page> {
    const own = await browser.newContext({ locale: "en-US" });
    own.setDefaultTimeout(TIMEOUT_MS);
    const door = await own.newPage();
    await door.goto(address);
    await door.getByRole("link", { name, exact: true }).click();
    await door.waitForURL(address);
    await door.close();
    return (await open(own, address)).page;
  }

  const ann = await signInAs("ann");
  await ann.getByText(`You are system:serviceaccount:${NAMESPACE}:oidc-ann.`).waitFor();
  await stateIn(card("nightly", ann), "Good").waitFor();
  const eve = await signInAs("eve");
  await eve.getByText(`You are system:serviceaccount:${NAMESPACE}:oidc-eve.`).waitFor();
  await eve.getByText(/you lack the right to list backupbatches\.stash\.appscode\.com in namespace ui-test/).waitFor();
  expect(await eve.getByText("nightly").count()).toBe(0);
  await expectClean();

  // What a browser sends as its token is not what goes on.
  const stolen = JSON.stringify({ "content-type": "application/json", authorization: `Bearer ${tokens.get("ann")}` });
  const asked: unknown = await eve.evaluate(
    `fetch("ask/about", { method: "POST", body: "{}", headers: ${stolen} }).then((answer) => answer.json())`,
  );
  expect(textAt(asked, "value", "inCluster", "user")).toBe(`system:serviceaccount:${NAMESPACE}:oidc-eve`);
  // Nobody comes in beside the proxy without a token; fetch would name the port that it asks.
  const direct = (headers: Readonly<Record<string, string>>) =>
    new Promise<number | undefined>((resolve, reject) => {
      const call = request(`${inside}/view/overview`, { headers: { host: `127.0.0.1:${port}`, ...headers } });
      call.on("response", (response) => resolve(response.resume().statusCode));
      call.on("error", reject).end();
    });
  expect(await direct({})).toBe(401);
  expect(await direct({ authorization: `Bearer ${tokens.get("ann")?.slice(0, -4)}AAAA` })).toBe(401);

  opened.splice(-2);
  await ann.goto(`${oidc.address}oauth2/sign_out`);
  await ann.goto(address);
  await ann.getByRole("heading", { name: "Who are you?" }).waitFor();
  for (const token of tokens.values()) expect(oidc.log()).not.toContain(token);
});

/** Rules and dashboard speak of metrics that the programs really have. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Registry } from "prom-client";
import { beforeAll, describe, expect, test } from "vitest";
import { registerMetrics } from "../../../reconciler/metrics/collect.ts";
import { registerLateness, registerProcessMetrics } from "../../../reconciler/metrics/process.ts";
import { registerQueueMetrics } from "../../../reconciler/metrics/queues.ts";
import { createWorld } from "../../../reconciler/world/informers.ts";
import { readObjects } from "../../../scripts/manifests/compose.ts";
import { systemClock } from "../../../shared/clock.ts";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { numberAt, parseJson, textAt } from "../../../shared/json/value.ts";
import { createMetrics } from "../../../webhook/metrics.ts";

const folder = join(import.meta.dirname, "../../../manifests/monitoring");
const [rules] = readObjects(join(folder, "rules.yaml"));
const alerts = objectsAt(rules, "spec", "groups").flatMap((group) => objectsAt(group, "rules"));
const dashboard = parseJson(readFileSync(join(folder, "dashboard.json"), "utf8"));
const panels = objectsAt(dashboard, "panels");

/** Words of the query language that look like names of metrics. */
const METRIC = /\b(?:stash|nodejs|process)_[a-z0-9_]+\b/g;

function metricsOf(expression: string): readonly string[] {
  return [...expression.matchAll(METRIC)].map(([name]) => name.replace(/_bucket$/, ""));
}

/** The world is never started, so nothing is asked of an API server. */
function emptyWorld() {
  const unreachable = {
    // biome-ignore lint/correctness/useYield: nothing ever comes
    async *listPages() {
      throw new Error("nothing is read");
    },
    // biome-ignore lint/correctness/useYield: nothing ever comes
    async *watch() {
      throw new Error("nothing is watched");
    },
  };
  return createWorld({ client: unreachable, onProblem: () => undefined, onFail: () => undefined });
}

let known: ReadonlySet<string>;

beforeAll(async () => {
  const registry = new Registry();
  const world = emptyWorld();
  registerMetrics({ registry, world, clock: systemClock });
  registerProcessMetrics({ registry, world, isLeader: () => true, definitions: { faults: () => [] } });
  registerQueueMetrics(registry);
  registerLateness(registry);
  const text = `${await registry.metrics()}\n${await createMetrics(() => 0).format()}`;
  known = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name));
});

describe.each(alerts.map((alert) => [textAt(alert, "alert") ?? "", alert] as const))("%s", (name, alert) => {
  test("asks only for metrics that exist", () => {
    const names = metricsOf(textAt(alert, "expr") ?? "");
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(known, name).toContain(name);
  });

  test("says how bad it is, what is wrong, and where to look", () => {
    expect(["warning", "critical"]).toContain(textAt(alert, "labels", "severity"));
    expect(textAt(alert, "annotations", "summary")).toBeTruthy();
    expect(textAt(alert, "annotations", "description")).toMatch(/\.$/);
  });

  test("links to a runbook that says what it means, where to look and what to do", () => {
    const [page = "", anchor = ""] = (textAt(alert, "annotations", "runbook_url") ?? "").split("#");
    const text = readFileSync(join(folder, "../..", page), "utf8");
    const sections = text.split(/^## /m).slice(1);
    const section = sections.find((one) => one.split("\n")[0]?.toLowerCase() === anchor);
    expect(anchor).toBe(name.toLowerCase());
    for (const word of ["**Means.**", "**Look.**", "**Do.**"]) expect(section).toContain(word);
  });
});

test("there is a runbook for each alert and no other", () => {
  const page = readFileSync(join(folder, "../../docs/runbooks.md"), "utf8");
  const titles = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(titles.toSorted()).toEqual(alerts.map((alert) => textAt(alert, "alert")).toSorted());
});

test("docs/operations.md lists every alert and no other", () => {
  const page = readFileSync(join(folder, "../../docs/operations.md"), "utf8");
  const listed = [...page.matchAll(/`(Stash[A-Za-z]+)`/g)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(alerts.map((alert) => textAt(alert, "alert")).toSorted());
});

test("there is an alert for each way in which backups go wrong", () => {
  const names = alerts.map((alert) => textAt(alert, "alert"));
  for (const way of ["Stale", "Late", "Missed", "Failed"]) expect(names).toContain(`StashBackup${way}`);
  for (const name of ["StashRetentionFailed", "StashSidecarMissing", "StashCertificateEnds"]) {
    expect(names).toContain(name);
  }
  for (const name of ["StashRecoveryPointIncomplete", "StashRepositoryUnproven", "StashRepositoryLocked"]) {
    expect(names).toContain(name);
  }
});

test.each(panels.map((panel) => [textAt(panel, "title") ?? "", panel] as const))(
  "panel %s asks only for metrics that exist",
  (_title, panel) => {
    const expressions = objectsAt(panel, "targets").map((target) => textAt(target, "expr") ?? "");
    expect(expressions.length).toBeGreaterThan(0);
    for (const name of expressions.flatMap(metricsOf)) expect(known, name).toContain(name);
  },
);

test("every panel has a unit, and what is bad has a colour and a runbook", () => {
  for (const panel of panels) {
    expect(textAt(panel, "fieldConfig", "defaults", "unit"), textAt(panel, "title")).toBeTruthy();
  }
  const stats = panels.filter((panel) => textAt(panel, "type") === "stat");
  const coloured = stats.filter(
    (panel) => objectsAt(panel, "fieldConfig", "defaults", "thresholds", "steps").length > 1,
  );
  expect(coloured.length).toBeGreaterThanOrEqual(5);
  const links = panels.flatMap((panel) => [
    ...(textAt(panel, "description") ?? "").matchAll(/docs\/runbooks[.]md#(\S+)/g),
  ]);
  expect(links.length).toBeGreaterThanOrEqual(6);
  const names = alerts.map((alert) => textAt(alert, "alert")?.toLowerCase());
  for (const [, anchor] of links) expect(names).toContain(anchor);
});

test("the dashboard names what is stale, failed, not whole, not proven or locked, not only how many", () => {
  const tables = panels.filter((panel) => textAt(panel, "type") === "table");
  const expressions = Object.fromEntries(
    tables.map((panel) => [textAt(panel, "title"), textAt(objectsAt(panel, "targets")[0], "expr") ?? ""]),
  );
  expect(Object.keys(expressions)).toEqual([
    "What is stale",
    "What failed last",
    "What is not whole",
    "What is not proven",
    "What is locked",
  ]);
  for (const [title, expression] of Object.entries(expressions)) {
    expect(expression, title).toMatch(/by \(namespace, (invoker_kind, invoker_name|name)\)/);
  }
  for (const panel of tables) {
    const [link] = objectsAt(panel, "fieldConfig", "defaults", "links");
    expect(textAt(link, "url")).toBe(`/d/${textAt(dashboard, "uid")}?var-namespace=\${__data.fields.namespace}`);
  }
});

test("panels link to the runbook that they name, below an address that is set once", () => {
  const variables = objectsAt(dashboard, "templating", "list").map((variable) => textAt(variable, "name"));
  expect(variables).toContain("runbooks");
  let count = 0;
  for (const panel of panels) {
    const named = /docs\/runbooks[.]md#\S+/.exec(textAt(panel, "description") ?? "")?.[0];
    const urls = objectsAt(panel, "links").map((link) => textAt(link, "url"));
    expect(urls, textAt(panel, "title")).toEqual(named === undefined ? [] : [`\${runbooks}${named}`]);
    count += urls.length;
  }
  expect(count).toBeGreaterThanOrEqual(10);
});

test("no two panels lie on each other", () => {
  const cells = panels.flatMap((panel) => {
    const at = (key: string) => numberAt(panel, "gridPos", key) ?? 0;
    const across = Array.from({ length: at("w") }, (_, step) => at("x") + step);
    return across.flatMap((x) => Array.from({ length: at("h") }, (_, step) => `${x},${at("y") + step}`));
  });
  expect(new Set(cells).size).toBe(cells.length);
});

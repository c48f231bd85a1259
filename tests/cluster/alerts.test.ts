/** The alert rules as Prometheus itself reads and evaluates them. */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { readObjects } from "../../scripts/manifests/compose.ts";
import { valueAt } from "../../shared/json/value.ts";
import { removeFolder } from "../support/control-plane/remove-folder.ts";

const RULES = join(import.meta.dirname, "../../manifests/monitoring/rules.yaml");
const CASES = join(import.meta.dirname, "../support/install/alert-cases.yaml");

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-alerts-"));
  const [rule] = readObjects(RULES);
  await writeFile(join(dir, "rules.yaml"), stringify({ groups: valueAt(rule, "spec", "groups") }));
  await writeFile(join(dir, "cases.yaml"), (await readFile(CASES, "utf8")).replace("RULES", "rules.yaml"));
});

afterAll(() => removeFolder(dir));

function promtool(...args: readonly string[]): string {
  return execFileSync("promtool", args, { cwd: dir, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

test("are rules that Prometheus reads", () => {
  expect(promtool("check", "rules", "rules.yaml")).toContain("SUCCESS: 25 rules found");
});

test("fire when they should, once for each invoker, and not before", () => {
  expect(promtool("test", "rules", "cases.yaml")).toContain("SUCCESS");
});

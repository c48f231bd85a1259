/** docs/quickstart.md, command by command, on a real node. Only building the image and loading it into the node differ. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEMO_IMAGES } from "../../scripts/demo/images.ts";
import { isAsShown, readPage } from "../support/docs/page-steps.ts";
import { type InstalledProduct, startEmptyCluster } from "../support/install/installed-product.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const START_MS = 300_000;
const LONGEST_MS = 300_000;

/** Blocks that make the cluster and the image, which this test has by other means. */
const REPLACED = [
  "kind create cluster\ndocker build -t stash-batch.invalid/stash-batch:0.1.0 .\n",
  "kind load docker-image stash-batch.invalid/stash-batch:0.1.0\n",
];

const { steps } = readPage(readFileSync(join(ROOT, "docs/quickstart.md"), "utf8"));

let cluster: InstalledProduct;

beforeAll(async () => {
  const database = DEMO_IMAGES["mariadb:10.11"];
  if (database === undefined) throw new Error("the demo has no MariaDB");
  cluster = await startEmptyCluster({
    nodes: ["quickstart-node"],
    program: sharedPlane().program,
    images: { "debian:12": {}, "mariadb:10.11": database },
  });
}, START_MS);

afterAll(() => cluster?.stop(), START_MS);

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As a reader's shell runs it: in the checkout, with kubectl on its path. It ends at the first command that fails. */
function runBlock(commands: string): Promise<Ended> {
  const { programsDir } = sharedPlane();
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn("bash", ["-euc", commands], {
    cwd: ROOT,
    env: { PATH: `${programsDir}:${PATH}`, HOME, KUBECONFIG: cluster.controlPlane.kubeconfigPath },
    timeout: LONGEST_MS,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    stdout += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    stderr += String(chunk);
  });
  return new Promise((done, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => done({ exitCode, stdout, stderr }));
  });
}

async function whatIsWrong(): Promise<string> {
  const { stdout } = await runBlock(
    "kubectl -n quickstart get pods,jobs,events -o wide; kubectl -n quickstart get bbatch,bs,rbatch -o yaml | head -c 20000",
  ).catch(() => ({ stdout: "" }));
  return stdout;
}

test("the page begins with what this test replaces, and with nothing else", () => {
  expect(steps.slice(0, REPLACED.length).map(({ commands }) => commands)).toEqual(REPLACED);
  const others = steps.slice(REPLACED.length);
  expect(others.length).toBeGreaterThanOrEqual(7);
  for (const { commands } of others) expect(commands).not.toMatch(/docker|kind /);
});

test.each(steps.slice(REPLACED.length).map((step) => [step.commands.split("\n")[0] ?? "", step] as const))(
  "%s",
  async (_first, { commands, output }) => {
    const { exitCode, stdout, stderr } = await runBlock(commands);
    expect(exitCode, `${stdout}${stderr}${exitCode === 0 ? "" : await whatIsWrong()}`).toBe(0);
    if (output !== undefined && !isAsShown(output, stdout)) expect(stdout).toBe(output);
  },
  LONGEST_MS,
);

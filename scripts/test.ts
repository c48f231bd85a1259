/**
 * `npm test`: sets up what is missing, then runs every check and test. Ends with one line `N passed, N failed, N skipped`.
 *
 *   npm test                          everything
 *   npm test -- unit                  only projects that are named (unit, restic, cluster); the rest goes to vitest
 *   npm test -- cluster --kubernetes 1.34    the cluster suite on that Kubernetes
 *
 * `restic` is two projects: its files run with the restic that the image ships, and those about restic itself with the
 * oldest one too.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { messageOf } from "../shared/errors.ts";
import { findObstacles, gatherMachineFacts } from "./machine.ts";
import { ensureClusterPrograms, ensurePrerequisites, NODE_PREREQUISITES } from "./prerequisites.ts";
import { failedFilesOf, failuresOf, type Totals, totalsOf } from "./test-report.ts";

const root = resolve(import.meta.dirname, "..");
const bin = (name: string) => join(root, "node_modules", ".bin", name);
const PROJECTS = ["unit", "restic", "cluster"] as const;
const { version, args } = takeVersion(process.argv.slice(2));
if (version !== undefined) process.env["STASH_BATCH_KUBERNETES_VERSION"] = version;
const named = PROJECTS.filter((project) => args.includes(project));
const projects = named.length > 0 ? named : PROJECTS;
const passOn = args.filter((argument) => !PROJECTS.some((project) => project === argument));
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
const passedAlone: string[] = [];
const startedAt = Date.now();

/** Takes `--kubernetes VERSION` out of the line. */
function takeVersion(line: readonly string[]): { readonly version: string | undefined; readonly args: string[] } {
  const args = line.flatMap((argument) => argument.split(/(?<=^--kubernetes)=/));
  const at = args.indexOf("--kubernetes");
  if (at === -1) return { version: undefined, args };
  const [, version = ""] = args.splice(at, 2);
  if (/^v?\d+\.\d+(\.\d+)?$/.test(version)) return { version, args };
  console.error(`--kubernetes takes a version such as 1.34, not "${version}"`);
  process.exit(2);
}

function say(text: string): void {
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(0).padStart(4);
  console.error(`[${seconds} s] ${text}`);
}

function runCheck(title: string, program: string, programArgs: readonly string[]): void {
  say(title);
  const { status } = spawnSync(bin(program), programArgs, { cwd: root, stdio: "inherit" });
  if (status === 0) totals.passed += 1;
  else {
    totals.failed += 1;
    failures.push(title);
  }
}

interface Run {
  readonly totals: Totals;
  readonly failures: readonly string[];
  readonly failedFiles: readonly string[];
}

function runVitest(project: string, more: readonly string[]): Run {
  const dir = mkdtempSync(join(tmpdir(), "stash-batch-test-"));
  const reportPath = join(dir, "report.json");
  const vitestArgs = [
    "run",
    "--project",
    `${project}*`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${reportPath}`,
  ];
  const { status } = spawnSync(bin("vitest"), [...vitestArgs, ...more], { cwd: root, stdio: "inherit" });
  try {
    const report: unknown = JSON.parse(readFileSync(reportPath, "utf8"));
    const totals = totalsOf(report);
    const failures = failuresOf(report).map((failure) => `${project}: ${failure}`);
    if (status === 0 || totals.failed > 0) return { totals, failures, failedFiles: failedFilesOf(report) };
    // A file that fails to load, or a set-up that fails, has no failed test but must not pass.
    return {
      totals: { ...totals, failed: 1 },
      failures: failures.length > 0 ? failures : [`${project}: vitest ended with ${status ?? "a signal"}`],
      failedFiles: failedFilesOf(report),
    };
  } catch (error) {
    const failures = [`${project}: no report: ${messageOf(error)}`];
    return { totals: { passed: 0, failed: 1, skipped: 0 }, failures, failedFiles: [] };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** More are no matter of what ran beside them. */
const MAX_FILES_ALONE = 3;

/**
 * A failure fails the run. A few files that failed are run once more by themselves, only to tell what depends on what ran beside them
 * from what does not.
 */
function runProject(project: string): void {
  say(`running the ${project} tests`);
  const first = runVitest(project, passOn);
  const { failedFiles } = first;
  totals.passed += first.totals.passed;
  totals.failed += first.totals.failed;
  totals.skipped += first.totals.skipped;
  failures.push(...first.failures);
  if (passOn.length > 0 || failedFiles.length > MAX_FILES_ALONE) return;
  for (const file of failedFiles) {
    say(`running by itself: ${file}`);
    if (runVitest(project, [file]).totals.failed === 0) passedAlone.push(`${project}: ${file}`);
  }
}

/** What the suites back up with, what they back up, and what nodes of clusters need of this machine. */
const DATA_PROGRAMS = [
  "restic",
  "rclone",
  "attr",
  "procps",
  "mariadb-server",
  "mariadb-client",
  "postgresql",
  "postgresql-client",
  "openssl",
  "prometheus",
  "chromium",
  "lua",
  "jq",
  "git",
  ...NODE_PREREQUISITES,
] as const;

async function ensureMachine(): Promise<boolean> {
  const obstacles = projects.includes("cluster") ? findObstacles(await gatherMachineFacts()) : [];
  if (obstacles.length > 0) {
    console.error(`\nThe cluster tests can't run on this machine:\n  - ${obstacles.join("\n  - ")}\n`);
    return false;
  }
  try {
    await ensurePrerequisites({ need: DATA_PROGRAMS, onProgress: say });
    if (projects.includes("cluster")) {
      sayVersions(await ensureClusterPrograms({ onProgress: say }));
      // Minutes, the first time: more than a test's set-up may take. Without one only the tests that need it fail.
      for (const name of ["helm", "oauth2-proxy"]) {
        spawnSync(join(import.meta.dirname, "go-program.sh"), [name], { stdio: ["ignore", "ignore", "inherit"] });
      }
    }
    return true;
  } catch (error) {
    console.error(`\n${messageOf(error)}\n`);
    return false;
  }
}

function sayVersions(programs: string): void {
  const ask = (program: string, ...words: readonly string[]) =>
    execFileSync(program, words, { encoding: "utf8" }).split("\n")[0];
  const kubernetes = ask(join(programs, "kubelet"), "--version");
  say(`${kubernetes}, ${ask(join(programs, "containerd"), "--version")}, ${ask("runc", "--version")}`);
}

runCheck("checking style (biome)", "biome", ["check", "."]);
runCheck("checking types (tsc)", "tsc", ["--noEmit"]);
runCheck("checking types of the pages (tsc)", "tsc", ["--noEmit", "-p", "web"]);
const needsMachine = projects.some((project) => project !== "unit");
const machineIsReady = !needsMachine || (await ensureMachine());
for (const project of projects) {
  if (project === "unit" || machineIsReady) runProject(project);
  else {
    failures.push(`${project}: these tests can't run on this machine (see above)`);
    totals.failed += 1;
  }
}
say("done");
// Said again at the end: a log may be kept without its beginning.
const list = (title: string, items: readonly string[]) => {
  if (items.length > 0) console.error(`\n${title}:\n${items.map((item) => `  - ${item}`).join("\n")}\n`);
};
list("Failed", failures);
list("Of these files all passed by themselves", passedAlone);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 ? 0 : 1);

/**
 * `npm run demo`: a real control plane with a node that runs pods as processes, the product beside it, and the story of an
 * application that is backed up, destroyed and restored.
 *
 *   npm run demo                 tells the story and cleans up
 *   npm run demo -- --json       prints a summary for programs as the last line
 *   npm run demo -- --keep       leaves everything running until Ctrl-C and prints how to look at it
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "../../shared/errors.ts";
import { startInstalledCluster } from "../../tests/support/product/installed-cluster.ts";
import { ensureControlPlanePrograms, ensurePrerequisites } from "../prerequisites.ts";
import { createNarrator, type Narrator } from "./narrator.ts";
import { type Summary, tellStory } from "./story.ts";

const USAGE = `usage: npm run demo -- [flags]

  --json   print a summary as the last line of stdout; the story goes to stderr
  --keep   leave everything running until Ctrl-C`;

/** Things to undo, newest first. */
type Undo = () => Promise<void>;

async function runDemo(narrator: Narrator, undo: Undo[], isKept: boolean): Promise<Summary> {
  narrator.chapter("Making this machine ready (the first time takes minutes)");
  await ensurePrerequisites({ need: ["restic", "util-linux", "iproute2"], onProgress: narrator.say });
  await ensureControlPlanePrograms({ onProgress: narrator.say });

  narrator.chapter("Starting a control plane, a node, and stash-batch beside them");
  const images = {
    "demo/application:1": { binds: [{ host: import.meta.dirname, path: "/application", readOnly: true }] },
  };
  const starting = startInstalledCluster({ images, onProgress: narrator.say });
  // Also when the demo is interrupted before all of it runs; a failed start has cleaned up after itself.
  undo.push(async () => (await starting.catch(() => undefined))?.stop());
  const cluster = await starting;
  const { client, controlPlane, product } = cluster;
  const repositoryFolder = join(cluster.dir, "repository");
  await mkdir(repositoryFolder);

  try {
    const summary = await tellStory({ client, narrator, repositoryFolder });
    if (isKept) await keepUntilInterrupted(narrator, controlPlane);
    return summary;
  } catch (error) {
    const logs = await Promise.all((["webhook", "reconciler"] as const).map((program) => product.log(program)));
    console.error(logs.map((log) => log.split("\n").slice(-40).join("\n")).join("\n---\n"));
    throw error;
  }
}

async function keepUntilInterrupted(
  narrator: Narrator,
  controlPlane: { readonly kubeconfigPath: string; readonly programsDir: string },
): Promise<void> {
  narrator.chapter("Everything is left running; Ctrl-C ends it");
  const kubectl = `${controlPlane.programsDir}/kubectl --kubeconfig ${controlPlane.kubeconfigPath} -n demo`;
  for (const command of ["get backupbatch,backupsession,restorebatch", "get pods", "describe backupsession"]) {
    narrator.say(`${kubectl} ${command}`);
  }
  await new Promise((done) => process.once("SIGINT", done));
}

async function cleanUp(narrator: Narrator, undo: Undo[]): Promise<void> {
  for (let step = undo.pop(); step !== undefined; step = undo.pop()) {
    await step().catch((error: unknown) => narrator.say(`clean-up: ${messageOf(error)}`));
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: "boolean" }, keep: { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) {
    console.log(USAGE);
    return 0;
  }
  const narrator = createNarrator((line) => (values.json === true ? console.error(line) : console.log(line)));
  const undo: Undo[] = [];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      if (signal === "SIGINT" && values.keep === true) return;
      narrator.say("interrupted, cleaning up");
      void cleanUp(narrator, undo).finally(() => process.exit(130));
    });
  }
  try {
    const summary = await runDemo(narrator, undo, values.keep === true);
    await cleanUp(narrator, undo);
    narrator.chapter(summary.ok ? "Done: everything came back" : "Something did not come back");
    for (const { name, phase, snapshots } of summary.sessions)
      narrator.say(`${name}: ${phase}, ${snapshots} snapshots`);
    narrator.say(`${summary.comparedEntries} files and folders compared, ${summary.differences.length} differences`);
    if (values.json === true) console.log(JSON.stringify(summary));
    return summary.ok ? 0 : 1;
  } catch (error) {
    narrator.chapter("The demo failed");
    console.error(error instanceof Error ? (error.stack ?? error.message) : error);
    await cleanUp(narrator, undo);
    if (values.json === true) console.log(JSON.stringify({ ok: false, error: messageOf(error) }));
    return 1;
  }
}

process.exit(await main());

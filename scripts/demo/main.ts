/** `npm run demo`: the whole story on real programs; `--help` lists the flags. */
import { messageOf } from "../../shared/errors.ts";
import { explainFailure, findObstacles, gatherMachineFacts } from "../machine.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { type ClusterFacts, openStage, type Stage } from "./stage.ts";
import { tellStory } from "./story.ts";
import { formatSummary, type Summary } from "./summary.ts";
import { createLiveTeller } from "./terminal/live-teller.ts";
import { createPlainTeller } from "./terminal/plain-teller.ts";
import { type Teller, untilAborted } from "./terminal/teller.ts";

const INTERRUPTED = 130;
const WRONG_USE = 2;

class Interrupted extends Error {}

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, and at the first error that nobody handles (the node's pods write files, and
 * a disk can be full at any time). What comes later is ignored: cleaning up takes seconds and must end.
 */
function watchProcess(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Interrupted(name)));
  }
  for (const name of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(name, (error: unknown) => controller.abort(error));
  }
  return controller.signal;
}

/** Rejects with the signal's reason when it aborts. */
function untilAbort(signal: AbortSignal): Promise<never> {
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  aborted.catch(() => undefined);
  return aborted;
}

function createTeller({ isPlain, isJson }: Options): Teller {
  const stream = isJson ? process.stderr : process.stdout;
  const isLive = stream.isTTY && !isPlain && process.env["TERM"] !== "dumb";
  return isLive ? createLiveTeller(stream) : createPlainTeller((text) => stream.write(text));
}

async function run(
  options: Options,
  teller: Teller,
  stage: Stage,
  signal: AbortSignal,
): Promise<Summary & ClusterFacts> {
  const aborted = untilAbort(signal);
  const story = (async () => {
    const { cluster, ...context } = await stage.setUp();
    const summary = await tellStory({ ...context, teller: untilAborted(teller, signal), backendName: options.backend });
    return { ...summary, ...cluster };
  })();
  // Once it is interrupted, the story fails somewhere or other: its cluster goes away.
  story.catch(() => undefined);
  const summary = await Promise.race([story, aborted]);
  teller.chapter("Summary");
  for (const line of formatSummary(summary)) teller.say(line);
  if (options.isKept) {
    teller.chapter("Everything is left running; Ctrl-C ends it and cleans up");
    for (const line of stage.describe()) teller.say(line);
    await aborted.catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
    });
  }
  return summary;
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${USAGE}`);
    return WRONG_USE;
  }
  if (options.wantsHelp) {
    console.log(USAGE);
    return 0;
  }
  const finish = (result: object, code: number) => {
    if (options.isJson) console.log(JSON.stringify(result));
    return code;
  };
  const obstacles = findObstacles(await gatherMachineFacts());
  if (obstacles.length > 0) {
    console.error(obstacles.join("\n"));
    return finish({ ok: false, error: obstacles.join(" ") }, 1);
  }
  const signal = watchProcess();
  const teller = createTeller(options);
  const stage = openStage(options, untilAborted(teller, signal));
  try {
    const summary = await run(options, teller, stage, signal);
    teller.chapter("Cleaning up");
    await stage.close();
    teller.end();
    return finish(summary, summary.ok ? 0 : 1);
  } catch (error) {
    const wasInterrupted = error instanceof Interrupted;
    teller.chapter(wasInterrupted ? "Interrupted: cleaning up" : "The demo failed: cleaning up");
    const why = explainFailure(error, await gatherMachineFacts());
    const logs = wasInterrupted || why !== undefined ? [] : await stage.lastWords();
    await stage.close();
    teller.end();
    if (wasInterrupted) return finish({ ok: false, error: "interrupted" }, INTERRUPTED);
    console.error([...logs, messageOf(error), ...(why === undefined ? [] : [why])].join("\n"));
    return finish({ ok: false, error: why ?? messageOf(error) }, 1);
  }
}

process.exit(await main());

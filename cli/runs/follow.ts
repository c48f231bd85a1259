/** Follows a session or a restore to its end, and shows its members on the way. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/interface.ts";
import { patiently, SILENCE_MS } from "../cluster/patience.ts";
import { statesOf } from "../describe/run-details.ts";
import { hasEnded, type RunObject, readRun } from "../objects/read-run.ts";
import type { RunWord } from "../objects/run-words.ts";
import type { Input } from "../program/command.ts";
import type { Terminal } from "../terminal/interface.ts";
import { plainText } from "../terminal/plain-text.ts";
import { isData } from "../terminal/print.ts";
import { cut } from "../terminal/table.ts";
import { formatBar, formatMember, shareOf } from "./format.ts";
import type { MemberState } from "./member-state.ts";

const POLL_MS = 1_000;
const BAR_WIDTH = 20;
const MIN_BAR_TERMINAL = 60;

/**
 * Waits until the run has ended.
 *
 * @param limitMs how long at most; undefined: as long as it takes
 * @returns the run; one that has not ended when the time is over
 */
export async function followRun(
  input: Input,
  cluster: Cluster,
  word: RunWord,
  limitMs: number | undefined,
): Promise<RunObject> {
  const deadline = limitMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + limitMs;
  const show = isData(input.format) ? showLines(input.terminal) : showMembers(input.terminal);
  const onWait = (message: string) => input.terminal.note(`still waiting: ${message}`);
  let run = (await readRun(cluster, word)).object;
  for (;;) {
    show(statesOf(run));
    if (hasEnded(run) || performance.now() >= deadline) return run;
    await sleep(Math.max(0, Math.min(POLL_MS, deadline - performance.now())));
    // The run goes on whether somebody looks or not.
    const read = async () => (await readRun(cluster, word)).object;
    run = await patiently(read, { until: Math.min(deadline, performance.now() + SILENCE_MS), onWait });
  }
}

type Show = (states: readonly MemberState[]) => void;

function showMembers(terminal: Terminal): Show {
  return terminal.isInteractive ? showBars(terminal) : showLines(terminal);
}

/** Draws over what was drawn before. */
function showBars(terminal: Terminal): Show {
  let drawn = 0;
  const width = terminal.width ?? MIN_BAR_TERMINAL;
  return (states) => {
    const lines = states.map((state) => {
      const bar = width < MIN_BAR_TERMINAL ? "" : `${formatBar(shareOf(state), BAR_WIDTH)}  `;
      return cut(plainText(`${bar}${formatMember(state).replace(/\s+/g, " ")}`), width - 1);
    });
    const up = drawn === 0 ? "" : `\u001b[${drawn}A`;
    terminal.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}\u001b[J`);
    drawn = lines.length;
  };
}

/** One line for each step of a member, where lines stay: in a log, or beside data. */
function showLines(terminal: Terminal): Show {
  const told = new Map<string, string>();
  return (states) => {
    for (const { name, phase, note } of states) {
      const line = `${name}: ${phase}${note === "" ? "" : ` (${note.replace(/\s+/g, " ")})`}`;
      if (told.get(name) === line) continue;
      told.set(name, line);
      terminal.note(plainText(line));
    }
  };
}

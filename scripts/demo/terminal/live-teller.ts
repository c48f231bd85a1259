/** The story on a terminal: what is over stays above; the chapter that runs moves below, with a bar for each member. */
import { styleText } from "node:util";
import cliTruncate from "cli-truncate";
import { createLogUpdate } from "log-update";
import { formatBar, formatMember, formatSeconds, shareOf } from "../../../cli/runs/format.ts";
import type { MemberState } from "../../../cli/runs/member-state.ts";
import type { Teller } from "./teller.ts";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"] as const;
const FRAME_MS = 80;
const BAR_WIDTH = 28;

const PHASE_COLOURS = { Succeeded: "green", Failed: "red", Running: "cyan" } as const;

function isColoured(phase: string): phase is keyof typeof PHASE_COLOURS {
  return phase in PHASE_COLOURS;
}

function formatLine(member: MemberState): string {
  const colour = isColoured(member.phase) ? PHASE_COLOURS[member.phase] : "gray";
  return `${styleText(colour, formatBar(shareOf(member), BAR_WIDTH))}  ${formatMember(member)}`;
}

/** A stream that moves the cursor as it is told; `columns` is its width in characters. */
export type Terminal = NodeJS.WritableStream & { readonly columns?: number };

const DEFAULT_COLUMNS = 80;
const SHOW_CURSOR = "\u001b[?25h";

export function createLiveTeller(stream: Terminal): Teller {
  const update = createLogUpdate(stream);
  const startedAt = performance.now();
  let chapter: { readonly startedAt: number } | undefined;
  let members: readonly MemberState[] = [];
  let frame = 0;

  function draw(): void {
    if (chapter === undefined) return;
    const spinner = styleText("cyan", FRAMES[frame % FRAMES.length] ?? "");
    const time = styleText("gray", formatSeconds(performance.now() - chapter.startedAt));
    const lines = [...members.map((member) => `  ${formatLine(member)}`), `${spinner} ${time}`];
    update(lines.map((line) => cliTruncate(line, stream.columns || DEFAULT_COLUMNS)).join("\n"));
  }

  /** Writes lines that stay. */
  function persist(text: string): void {
    update.clear();
    stream.write(`${text}\n`);
    draw();
  }

  function keepMembers(): void {
    const lines = members.map((member) => `  ${formatLine(member)}`);
    members = [];
    if (lines.length > 0) persist(lines.join("\n"));
  }

  function close(): void {
    if (chapter === undefined) return;
    keepMembers();
    const took = styleText("gray", formatSeconds(performance.now() - chapter.startedAt));
    chapter = undefined;
    update.clear();
    stream.write(`  ${took}\n`);
  }

  const timer = setInterval(() => {
    frame += 1;
    draw();
  }, FRAME_MS);
  timer.unref();

  return {
    chapter(title) {
      close();
      stream.write(`\n${styleText("green", "▌")} ${styleText("bold", title)}\n`);
      chapter = { startedAt: performance.now() };
      draw();
    },
    say(text) {
      keepMembers();
      persist(`  ${text}`);
    },
    showMembers(states) {
      members = states;
      draw();
    },
    end() {
      clearInterval(timer);
      close();
      update.done();
      // The library brings the cursor back on stderr, which may be another place.
      stream.write(SHOW_CURSOR);
    },
    elapsedSeconds: () => (performance.now() - startedAt) / 1_000,
  };
}

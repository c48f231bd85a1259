/** The story as plain lines, each with the seconds since its start. */
import { formatMember } from "../../../cli/runs/format.ts";
import type { Teller, Write } from "./teller.ts";

export function createPlainTeller(write: Write): Teller {
  const startedAt = performance.now();
  const elapsedSeconds = () => (performance.now() - startedAt) / 1_000;
  const stamp = () => `${elapsedSeconds().toFixed(1).padStart(6)} s`;
  const said = new Map<string, string>();
  const say = (text: string) => write(`${`${stamp()}     ${text}`.trimEnd()}\n`);
  return {
    chapter(title) {
      said.clear();
      write(`\n${stamp()}  == ${title}\n`);
    },
    say,
    showMembers(members) {
      for (const member of members) {
        // A line for each step, not for each percent.
        const step = `${member.phase} ${member.note}`;
        if (said.get(member.name) !== step) say(formatMember(member));
        said.set(member.name, step);
      }
    },
    end: () => undefined,
    elapsedSeconds,
  };
}

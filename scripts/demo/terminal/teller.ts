/** How the demo speaks: chapters, facts, and the state of a run's members. */
import type { MemberState } from "../../../cli/runs/member-state.ts";

export interface Teller {
  /** Starts a chapter; the one before is over. */
  chapter(title: string): void;
  /** Says a fact. */
  say(text: string): void;
  /** Shows how far the members of the run are, in place of what was shown before. */
  showMembers(members: readonly MemberState[]): void;
  /** Ends the last chapter; nothing moves any more. */
  end(): void;
  elapsedSeconds(): number;
}

/** Writes text as it is. */
export type Write = (text: string) => void;

/** A teller for what may go on for a moment after it was interrupted: it falls silent then. */
export function untilAborted(teller: Teller, signal: AbortSignal): Teller {
  const unlessAborted = (tell: () => void) => {
    if (!signal.aborted) tell();
  };
  return {
    chapter: (title) => unlessAborted(() => teller.chapter(title)),
    say: (text) => unlessAborted(() => teller.say(text)),
    showMembers: (members) => unlessAborted(() => teller.showMembers(members)),
    end: () => teller.end(),
    elapsedSeconds: () => teller.elapsedSeconds(),
  };
}

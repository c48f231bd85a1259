/** What the demo says: plain lines with the seconds since its start, headings between chapters. */

export interface Narrator {
  /** Starts a chapter. */
  chapter(title: string): void;
  /** Says a fact. */
  say(text: string): void;
  /** Seconds since the start. */
  elapsedSeconds(): number;
}

/** @param write gets whole lines without their ends */
export function createNarrator(write: (line: string) => void): Narrator {
  const startedAt = performance.now();
  const elapsedSeconds = () => (performance.now() - startedAt) / 1_000;
  const stamp = () => `${elapsedSeconds().toFixed(1).padStart(6)} s`;
  return {
    chapter: (title) => write(`\n${stamp()}  == ${title}`),
    say: (text) => write(`${stamp()}     ${text}`),
    elapsedSeconds,
  };
}

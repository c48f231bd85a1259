/** Colour, where a person looks and has not said NO_COLOR. */
import type { Terminal } from "./interface.ts";

const CODES = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;
export type Style = keyof typeof CODES;

/** The text in a style that the terminal shows, or as it is. */
export function styled(terminal: Pick<Terminal, "hasColor">, style: Style | undefined, text: string): string {
  if (!terminal.hasColor || style === undefined) return text;
  return `\u001b[${CODES[style]}m${text}\u001b[0m`;
}

/** How far a download is. */
import { formatSize } from "../../shared/size.ts";
import type { Terminal } from "../terminal/interface.ts";

export interface Count {
  files: number;
  bytes: number;
  leftOut: number;
}

const DRAW_MS = 500;
/** Where lines stay, few are enough. */
const TELL_MS = 10_000;

/** Draws over its own line where a person looks on; else a line now and then. */
export function showProgress(terminal: Terminal, count: Readonly<Count>): { stop(): void } {
  const draw = () => {
    const text = `${count.files} files, ${formatSize(count.bytes)}`;
    if (terminal.isInteractive) terminal.write(`\r\u001b[2K${text}`);
    else if (count.files > 0) terminal.note(text);
  };
  const timer = setInterval(draw, terminal.isInteractive ? DRAW_MS : TELL_MS);
  return {
    stop() {
      clearInterval(timer);
      if (terminal.isInteractive) terminal.write("\r\u001b[2K");
    },
  };
}

/**
 * A program's output as named pipes. What node itself gives a child are sockets, which a program cannot open again as
 * /dev/stdout or /proc/1/fd/1; with a container runtime it can.
 */
import { constants, openSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Socket } from "node:net";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { runProgram, shellWord } from "./shell.ts";

export interface OutputPipes {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Line of shell by which the program's shell takes the pipes as its output. */
  readonly redirection: string;
  /** The names are of no more use once the shell has opened them. */
  removeNames(): Promise<void>;
}

let made = 0;

/** @param folder existing folder for the names */
export async function createOutputPipes(folder: string): Promise<OutputPipes> {
  const number = ++made;
  const names = { stdout: join(folder, `.stdout-${number}`), stderr: join(folder, `.stderr-${number}`) };
  await runProgram(["mkfifo", "-m", "600", names.stdout, names.stderr]);
  return {
    stdout: openForReading(names.stdout),
    stderr: openForReading(names.stderr),
    redirection: `exec >${shellWord(names.stdout)} 2>${shellWord(names.stderr)}`,
    async removeNames() {
      await Promise.all([rm(names.stdout, { force: true }), rm(names.stderr, { force: true })]);
    },
  };
}

/** Without waiting for the writer; the end comes when the last writer has closed. */
function openForReading(path: string): Readable {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

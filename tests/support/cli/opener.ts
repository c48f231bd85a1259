/** A program that stands for the one that opens browsers, and writes down what it was called with. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../eventually.ts";

export interface Opener {
  /** Of an environment in which it is found first. */
  readonly path: string;
  /** Its arguments, once it was called. */
  told(): Promise<string>;
}

/** @param dir a folder of the test's own */
export function putOpener(dir: string, exitCode = 0): Opener {
  const program = join(dir, "xdg-open");
  const told = join(dir, "told");
  writeFileSync(program, `#!/bin/sh\nprintf '%s' "$*" > ${told}.part\nmv ${told}.part ${told}\nexit ${exitCode}\n`);
  chmodSync(program, 0o755);
  return {
    path: `${dir}:${process.env["PATH"]}`,
    async told() {
      await eventually(() => existsSync(told), true, 20_000);
      return readFileSync(told, "utf8");
    },
  };
}

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const COMMANDS = join(import.meta.dirname, "..", "..", "..", "agent", "commands");

/** Modules of node's own that a process has loaded when the command is. */
function loadedWith(command: string): readonly string[] {
  const program = `await import(${JSON.stringify(join(COMMANDS, command))}); console.log(process.moduleLoadList.join("\\n"))`;
  return execFileSync(process.execPath, ["--input-type=module", "--eval", program], { encoding: "utf8" }).split("\n");
}

test.each(["work.ts", "restore.ts", "run-backup.ts"])("%s starts without node's parts for the web", (command) => {
  const loaded = loadedWith(command);
  expect(loaded).toContain("NativeModule tls");
  expect(loaded.filter((name) => /undici|NativeModule http$/.test(name))).toEqual([]);
});

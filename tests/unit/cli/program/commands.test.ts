import { describe, expect, test } from "vitest";
import { completeLine, longName } from "../../../../cli/completion/words.ts";
import { COMMANDS } from "../../../../cli/program/commands.ts";
import { flagsOf } from "../../../../cli/program/common-flags.ts";
import { parseLine } from "../../../../cli/program/parse.ts";
import { recordingTerminal } from "../../../support/cli/terminal.ts";

const FACTS = { name: "kubectl stash", version: "9.9.9", summary: "All of it." };
const shown = COMMANDS.filter(({ isHidden }) => isHidden !== true);

function helpOf(...argv: readonly string[]): string {
  const terminal = recordingTerminal();
  expect(parseLine([...argv, "--help"], COMMANDS, FACTS, terminal)).toEqual({ kind: "told", exitCode: 0 });
  return terminal.output();
}

/** Words of a line as a shell would split it. */
function split(line: string): readonly string[] {
  const [command = ""] = line.split(/ [>|] /);
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? "");
}

test("names and aliases of commands are taken once", () => {
  const names = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});

test("the help of the whole names every command, and the exit codes", () => {
  const help = helpOf();
  for (const { name, summary } of shown) {
    expect(help).toContain(`  ${name}`);
    expect(help).toContain(summary.slice(0, 40));
  }
  expect(help).toMatch(/^ {2}3 +a part was done/m);
});

describe.each(shown.map((command) => [command.name, command] as const))("%s", (name, command) => {
  test("has help with each of its flags, and an example", () => {
    const help = helpOf(name);
    expect(help).toContain(`Usage: kubectl stash ${name}`);
    for (const flag of flagsOf(command)) {
      if (flag.isHidden !== true) expect(help).toContain(longName(flag));
    }
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { line, does } of command.examples) expect(help).toContain(`# ${does}\n  kubectl stash ${line}`);
  });

  test("understands its own examples", () => {
    for (const { line } of command.examples) {
      const terminal = recordingTerminal();
      const parsed = parseLine(split(line), COMMANDS, FACTS, terminal);
      expect(parsed, `${line}: ${terminal.notes()}`).toMatchObject({ kind: "run", command: { name } });
    }
  });

  test("is completed, and so are its flags", () => {
    const names = completeLine([name.slice(0, -1)], COMMANDS);
    expect(names.kind === "candidates" && names.candidates.map(({ word }) => word)).toContain(name);
    const flags = completeLine([name, "--"], COMMANDS);
    const words = flags.kind === "candidates" ? flags.candidates.map(({ word }) => word) : [];
    const wanted = flagsOf(command).filter(({ isHidden }) => isHidden !== true);
    expect(words).toEqual([...wanted.map((flag) => `--${longName(flag)}`), "--help"]);
  });

  test("has a part that does the work", async () => {
    expect(await command.load()).toBeTypeOf("function");
  });
});

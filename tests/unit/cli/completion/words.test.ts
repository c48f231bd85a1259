import { expect, test } from "vitest";
import { completionScript } from "../../../../cli/completion/scripts.ts";
import { completeLine } from "../../../../cli/completion/words.ts";
import { ALL_FORMATS, CommandGroup, type CommandSpec, Completes, Scope } from "../../../../cli/program/command.ts";
import { UsageError } from "../../../../cli/program/usage-error.ts";

const facts = { group: CommandGroup.Do, formats: ALL_FORMATS, examples: [], load: () => Promise.reject(new Error()) };
const TABLE: readonly CommandSpec[] = [
  {
    ...facts,
    name: "trigger",
    summary: "Back up now",
    args: [{ name: "batch", summary: "which", completes: Completes.Invoker }],
    flags: [
      { flags: "--wait", summary: "wait" },
      { flags: "--try [mode]", summary: "only tell", alone: "client", choices: ["client", "server"] },
    ],
    scope: Scope.Namespace,
  },
  {
    ...facts,
    name: "lint",
    summary: "Look",
    args: [{ name: "shell", summary: "which", choices: ["bash", "zsh"], isMany: true }],
    flags: [{ flags: "-f, --filename <file>", summary: "what", completes: Completes.File }],
    scope: Scope.None,
  },
  { ...facts, name: "trap", summary: "Hidden", scope: Scope.None, isHidden: true },
];

function wordsOf(...line: readonly string[]): readonly string[] {
  const answer = completeLine(line, TABLE);
  return answer.kind === "candidates" ? answer.candidates.map(({ word }) => word) : [`?${answer.what}`];
}

test("the first word is a command that people are told of", () => {
  expect(wordsOf("")).toEqual(["trigger", "lint"]);
  expect(wordsOf("tr")).toEqual(["trigger"]);
  expect(wordsOf("-n", "shop", "tr")).toEqual(["trigger"]);
});

test("a word is what the command takes at that place, whatever flags stand before it", () => {
  expect(wordsOf("trigger", "")).toEqual(["?invoker"]);
  expect(wordsOf("trigger", "--wait", "-n", "shop", "")).toEqual(["?invoker"]);
  expect(wordsOf("trigger", "shop", "")).toEqual([]);
  expect(wordsOf("lint", "bash", "z")).toEqual(["zsh"]);
});

test("a flag's value is completed after a blank and after an equals sign", () => {
  expect(wordsOf("trigger", "-o", "")).toEqual([...ALL_FORMATS]);
  expect(wordsOf("trigger", "--output=j")).toEqual(["json"]);
  expect(wordsOf("trigger", "-n", "")).toEqual(["?namespace"]);
  expect(wordsOf("--context", "")).toEqual(["?context"]);
  expect(wordsOf("lint", "-f", "")).toEqual(["?file"]);
});

test("a value that may be left out follows an equals sign alone", () => {
  expect(wordsOf("trigger", "--try=s")).toEqual(["server"]);
  expect(wordsOf("trigger", "--try", "")).toEqual(["?invoker"]);
});

test("what is asked of the cluster carries the flags that choose it", () => {
  expect(completeLine(["-n", "shop", "trigger", "--context=far", "sh"], TABLE)).toEqual({
    kind: "ask",
    what: "invoker",
    prefix: "sh",
    flags: { namespace: "shop", context: "far" },
  });
});

test.each(["bash", "zsh", "fish"])("the script for %s asks the program itself", (shell) => {
  const script = completionScript(shell, "kubectl-stash");
  expect(script).toContain("__complete");
  expect(script).toContain("kubectl-stash");
});

test("there is no script for other shells", () => {
  expect(() => completionScript("tcsh", "kubectl-stash")).toThrow(UsageError);
});

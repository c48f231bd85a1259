import { expect, test } from "vitest";
import { CommandGroup, type CommandSpec, Format, type Input, Scope } from "../../../../cli/program/command.ts";
import { ExitCode } from "../../../../cli/program/exit-code.ts";
import { parseLine } from "../../../../cli/program/parse.ts";
import { runProgram } from "../../../../cli/program/run.ts";
import { UsageError } from "../../../../cli/program/usage-error.ts";
import { UserError } from "../../../../shared/errors.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { recordingTerminal } from "../../../support/cli/terminal.ts";

const FACTS = { name: "kubectl stash", version: "9.9.9", summary: "All of it." };

function commandThat(run: (input: Input) => Promise<ExitCode>): CommandSpec {
  return {
    name: "status",
    aliases: ["state"],
    group: CommandGroup.See,
    summary: "Say how it is",
    args: [{ name: "names", summary: "which", isOptional: true, isMany: true }],
    flags: [{ flags: "-m, --member <alias>", summary: "which", isMany: true }],
    scope: Scope.Namespaces,
    formats: [Format.Table, Format.Json],
    examples: [{ line: "status", does: "how it is" }],
    load: async () => run,
  };
}

async function run(line: string, work: (input: Input) => Promise<ExitCode> = async () => ExitCode.Good) {
  const terminal = recordingTerminal();
  const exitCode = await runProgram({
    argv: line.split(" ").filter(Boolean),
    commands: [commandThat(work)],
    facts: FACTS,
    terminal,
    env: {},
    leavesBehind: () => undefined,
    atStake: () => () => undefined,
  });
  return { exitCode, output: terminal.output(), notes: terminal.notes() };
}

/** The input that a command gets. */
async function inputOf(line: string): Promise<Input> {
  const inputs: Input[] = [];
  const { exitCode, notes } = await run(line, async (input) => {
    inputs.push(input);
    return ExitCode.Good;
  });
  const [input] = inputs;
  if (input === undefined) throw new Error(`${exitCode}: ${notes}`);
  return input;
}

test("flags stand before or after the command's name, in any order with words", async () => {
  for (const line of ["-n shop status a b", "status -n shop a b", "status a -n shop b", "state a b --namespace=shop"]) {
    const { words, flags } = await inputOf(line);
    expect(words, line).toEqual(["a", "b"]);
    expect(flags.text("namespace"), line).toBe("shop");
  }
});

test("the flag after the command's name counts when both are given", async () => {
  expect((await inputOf("-n one status -n two")).flags.text("namespace")).toBe("two");
});

test("a flag that may be repeated keeps all values", async () => {
  expect((await inputOf("status -m db --member app")).flags.list("member")).toEqual(["db", "app"]);
});

test("-o, --output and --json choose the format, wherever they stand", async () => {
  for (const line of ["-o json status", "status -o json", "status --output=json", "status --json", "-o json status"]) {
    expect((await inputOf(line)).format, line).toBe("json");
  }
  expect((await inputOf("status")).format).toBe("table");
});

/** As upstream's plugin is called: a kind's word is the name of another command, too. */
const KINDS_OF_LINES: readonly CommandSpec[] = [
  { ...commandThat(async () => ExitCode.Good), name: "repositories", aliases: ["repository"] },
  {
    ...commandThat(async () => ExitCode.Good),
    name: "create",
    aliases: [],
    flags: [
      { flags: "--prune", summary: "delete" },
      { flags: "-d, --dry-run", summary: "only tell" },
      { flags: "--no-open", summary: "start nothing" },
      { flags: "--claim.size <size>", summary: "how large" },
      { flags: "--try [mode]", summary: "only tell", alone: "client", choices: ["none", "client", "server"] },
    ],
  },
];

function readKindLine(line: string) {
  const terminal = recordingTerminal();
  const parsed = parseLine(line.split(" "), KINDS_OF_LINES, FACTS, terminal);
  if (parsed.kind === "told") throw new Error(terminal.notes());
  const { words, flags } = parsed;
  const on = ["prune", "dry-run", "all-namespaces"].filter((name) => flags.has(name));
  return { words, on, isOpenOff: flags.isOff("open"), size: flags.text("claim.size"), mode: flags.text("try") };
}

test.each<readonly [string, Partial<ReturnType<typeof readKindLine>>]>([
  ["create repository x --prune=true", { words: ["repository", "x"], on: ["prune"] }],
  ["create --prune=true repository x --dry-run=1", { words: ["repository", "x"], on: ["prune", "dry-run"] }],
  ["create repository x --prune=false", { on: [] }],
  ["create repository x --prune --prune=F", { on: [] }],
  ["create repository x --prune=false --prune=TRUE", { on: ["prune"] }],
  ["create repository x -d=true", { on: ["dry-run"] }],
  ["create repository x -d --dry-run=false", { on: [] }],
  ["create repository x --no-open=true", { isOpenOff: true }],
  ["create repository x --no-open=false", { isOpenOff: false }],
  ["-A=true create repository x", { on: ["all-namespaces"] }],
  ["--all-namespaces=true -n repository create repository x --prune=t", { on: ["prune", "all-namespaces"] }],
  ["-nrepository create x --prune=t", { words: ["x"], on: ["prune"] }],
  ["create x --claim.size --prune --prune=false", { words: ["x"], on: [], size: "--prune" }],
  ["create x --claim.size=true", { words: ["x"], size: "true" }],
  ["create --try repository x", { words: ["repository", "x"], mode: "client" }],
  ["create repository x --try=server", { words: ["repository", "x"], mode: "server" }],
  ["create repository x --try=server --try", { mode: "client" }],
  ["create repository x --try=true", { mode: "client" }],
  ["create repository x --try=server --try=false", { mode: undefined }],
  ["create repository x --try --try=none", { mode: "none" }],
  ["create --claim.size --try x --try=0", { words: ["x"], mode: undefined, size: "--try" }],
  ["create x -- --prune=true repository", { words: ["x", "--prune=true", "repository"], on: [] }],
])("a switch with a value is on or off, whatever stands beside it: %s", (line, expected) => {
  expect(readKindLine(line)).toMatchObject(expected);
});

test("a mode that there is not is told with those that there are", async () => {
  const terminal = recordingTerminal();
  const parsed = parseLine(["create", "x", "--try=sever"], KINDS_OF_LINES, FACTS, terminal);
  expect([parsed, terminal.notes()]).toEqual([
    { kind: "told", exitCode: 2 },
    expect.stringMatching(/'sever' is invalid.*none, client, server/),
  ]);
});

test("a switch that is neither on nor off is no line", () => {
  expect(() => readKindLine("create repository x --prune=maybe")).toThrow("--prune=maybe is neither true nor false");
});

test("a typo is answered with what was meant, and exit code 2", async () => {
  expect(await run("statu")).toMatchObject({ exitCode: 2, notes: expect.stringMatching(/Did you mean .*status/) });
  expect(await run("status --memebr x")).toMatchObject({
    exitCode: 2,
    notes: expect.stringContaining("Did you mean --member?"),
  });
});

test("a format that the command does not have is refused, before and after its name", async () => {
  for (const line of ["-o name status", "status -o name", "status -o jsn"]) {
    expect((await run(line)).exitCode, line).toBe(2);
  }
});

test("no command is a usage error with the help", async () => {
  expect(await run("")).toMatchObject({ exitCode: 2, notes: expect.stringContaining("Usage: kubectl stash COMMAND") });
});

test("--version and --help are good", async () => {
  expect(await run("--version")).toMatchObject({ exitCode: 0, output: "9.9.9\n" });
  expect(await run("status --help")).toMatchObject({ exitCode: 0, output: expect.stringContaining("Examples:") });
});

test("what is thrown becomes one line with its next step, and exit code 1 or 2", async () => {
  const fails = async () => {
    throw new UserError("NOT_FOUND", "there is no batch\nshop", { next: "did you mean shp?" });
  };
  expect(await run("status", fails)).toEqual({
    exitCode: 1,
    output: "",
    notes: "error: there is no batch shop (next: did you mean shp?)\n",
  });
  const misused = async () => {
    throw new UsageError("no such time");
  };
  expect(await run("status", misused)).toEqual({
    exitCode: 2,
    output: "",
    notes: "error: no such time (next: see `kubectl stash status --help`)\n",
  });
});

test("with -o json a failure of any kind is JSON on the output", async () => {
  const thrown = [
    new UserError("NOT_FOUND", "gone"),
    new KubeError({ action: "list x", status: 503, reason: "Busy", detail: "later" }),
    new TypeError("a fault of ours"),
    new UsageError("no such time"),
  ];
  for (const error of thrown) {
    const { output } = await run("status -o json", async () => {
      throw error;
    });
    expect(JSON.parse(output), error.message).toMatchObject({ error: { code: expect.any(String) } });
  }
  for (const line of ["status --jsn -o json", "statu --json", "status -A -o=json --x"]) {
    const { output, exitCode } = await run(line);
    expect(exitCode, line).toBe(2);
    expect(JSON.parse(output), line).toMatchObject({ error: { code: "USAGE" } });
  }
});

/** The last words of real restic programs, recorded: every version tells the same causes, each in its own form. */
import { describe, expect, test } from "vitest";
import { hopelessRequest, isRetry, resticFault } from "../../../../agent/restic/fault.ts";
import { runProgram } from "../../../../agent/restic/run.ts";

/** Prints the lines to the standard error and ends with the code, as restic did. */
async function replay(lines: readonly string[], code: number) {
  const program =
    'const [code, ...lines] = process.argv.slice(1); console.error(lines.join("\\n")); process.exitCode = Number(code);';
  const argv = [process.execPath, "-e", program, String(code), ...lines];
  const exit = await runProgram({ argv, env: process.env });
  expect(exit.code).toBe(code);
  return resticFault("backup of /data", exit);
}

const exitError = (code: number, message: string): string =>
  JSON.stringify({ message_type: "exit_error", code, message }).replaceAll("<", "\\u003c").replaceAll(">", "\\u003e");

const MISSING =
  "unable to open config file: stat /r/config: no such file or directory\nIs there a repository at the following location?\n/r";

interface Case {
  readonly cause: string;
  readonly expected: string;
  readonly words: string;
  /** restic 0.14.0, which knows no exit code but 1. */
  readonly old: readonly string[];
  /** restic 0.18.0. */
  readonly young: readonly [number, string];
}

const CASES: readonly Case[] = [
  {
    cause: "no repository",
    expected: "REPOSITORY_NOT_FOUND",
    words: "unable to open config file",
    old: `Fatal: ${MISSING}`.split("\n"),
    young: [10, `Fatal: repository does not exist: ${MISSING}`],
  },
  {
    cause: "an unknown flag",
    expected: "RESTIC_FAILED",
    words: "unknown flag: --no-such-flag",
    old: ["unknown flag: --no-such-flag"],
    young: [1, "unknown flag: --no-such-flag"],
  },
  {
    cause: "a file of excludes that is missing",
    expected: "RESTIC_FAILED",
    words: "open /nope: no such file or directory",
    old: ["open /nope: no such file or directory"],
    young: [1, 'failed to read patterns from file "/nope": open /nope: no such file or directory'],
  },
  {
    cause: "a wrong password",
    expected: "REPOSITORY_WRONG_PASSWORD",
    words: "Fatal: wrong password or no key found",
    old: ["Fatal: wrong password or no key found"],
    young: [12, "Fatal: wrong password or no key found"],
  },
  {
    cause: "a damaged index",
    expected: "REPOSITORY_DAMAGED",
    words: "invalid data returned",
    old: ["Fatal: load <index/475e9ece21>: invalid data returned"],
    young: [1, "LoadRaw(<index/bb1d81d22d>): invalid data returned"],
  },
  {
    cause: "a damaged snapshot",
    expected: "REPOSITORY_DAMAGED",
    words: "Error loading snapshot 7005eb02",
    old: [
      "Error loading snapshot 7005eb02: load <snapshot/7005eb0293>: invalid data returned",
      "github.com/restic/restic/internal/restic.FindLatestSnapshot.func1",
      "\tgithub.com/restic/restic/internal/restic/snapshot_find.go:40",
      "runtime.goexit",
      "\truntime/asm_amd64.s:1594",
    ],
    young: [
      1,
      "Error loading snapshot 7005eb02: failed to load snapshot 7005eb02: LoadRaw(<snapshot/7005eb0293>): invalid data returned\ngithub.com/restic/restic/internal/restic.(*SnapshotFilter).findLatest.func1\n\tgithub.com/restic/restic/internal/restic/snapshot_find.go:56",
    ],
  },
];

describe.each(CASES)("E2, C14: restic that ends for $cause", ({ expected, words, old, young }) => {
  test("tells it in 0.14's words", async () => {
    const fault = await replay(old, 1);
    expect([fault.code, fault.message]).toEqual([expected, expect.stringContaining(words)]);
    expect(fault.message).not.toContain(".go:");
  });

  test("tells it in 0.18's last message", async () => {
    const [code, message] = young;
    const noise = '{"message_type":"status","percent_done":0,"total_files":1}';
    const fault = await replay([noise, exitError(code, message)], code);
    expect([fault.code, fault.message]).toEqual([expected, expect.stringContaining(words)]);
    expect(fault.message).not.toContain("message_type");
    expect(fault.message).not.toContain(".go:");
  });
});

test("E2: a restic that asks again is ended when the patience is over, one that does not is not", async () => {
  const program = "console.error(process.argv[1]); setTimeout(() => process.exit(7), 3_000);";
  const retries = { patienceMs: 100, isRetry };
  const run = (line: string) =>
    runProgram({ argv: [process.execPath, "-e", program, line], env: process.env, retries });
  const tries = "Stat(<config/>) returned error, retrying after 1s: connection refused";
  const [tried, other] = await Promise.all([run(tries), run("repository opened")]);
  expect([tried.stopped, resticFault("look", tried).code]).toEqual(["hopeless", "BACKEND_UNREACHABLE"]);
  expect([other.stopped, other.code]).toEqual([undefined, 7]);
});

test("E2: one that has begun to work may ask again for as long as it likes", async () => {
  const program =
    "for (const line of process.argv.slice(1)) console.error(line); setTimeout(() => process.exit(7), 1_000);";
  const tries = "Save(<data/1>) returned error, retrying after 1s: connection refused";
  const retries = { patienceMs: 100, isRetry, isOver: (line: string) => line === "working" };
  const run = (lines: readonly string[]) =>
    runProgram({ argv: [process.execPath, "-e", program, ...lines], env: process.env, retries });
  const [before, after, never] = await Promise.all([
    run(["working", tries]),
    run([tries, "working", tries]),
    run([tries, "waiting"]),
  ]);
  expect([before, after, never].map(({ stopped }) => stopped)).toEqual([undefined, undefined, "hopeless"]);
});

test("D15: only the same request in vain, again and again, ends restic", async () => {
  const program =
    "for (const line of process.argv.slice(1)) console.error(line); setTimeout(() => process.exit(7), 1_000);";
  const line = (id: number) =>
    `Load(<data/${id}>) returned error, retrying after 1s: open x: no such file or directory`;
  const run = (lines: readonly string[]) => {
    return runProgram({ argv: [process.execPath, "-e", program, ...lines], env: process.env, hopelessRequest });
  };
  const [others, same] = await Promise.all([run([1, 2, 3, 4].map(line)), run([1, 1, 1].map(line))]);
  expect([others.stopped, others.code]).toEqual([undefined, 7]);
  expect(same.stopped).toBe("hopeless");
});

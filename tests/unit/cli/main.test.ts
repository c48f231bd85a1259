/** The image's entry point: its programs as upstream calls them, and everything that people type beside them. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { Command } from "../../../shared/contract.ts";
import { DATABASE_NAMES, databaseCommand } from "../../../shared/databases.ts";

const root = resolve(import.meta.dirname, "../../..");

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "cli/main.ts"), ...args], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "" },
  });
  return { status, stdout, stderr };
}

test("names of the image's programs are theirs, also where people have a command of that name", () => {
  const restore = run(Command.Restore, "--invoker-kind=RestoreBatch");
  expect(restore).toMatchObject({ status: 1, stdout: "" });
  expect(restore.stderr).toContain('"program":"agent"');
  for (const name of DATABASE_NAMES) {
    for (const verb of ["backup", "restore"] as const) {
      expect(run(databaseCommand(name, verb)).stderr).toContain('"program":"agent"');
    }
  }
  expect(run(Command.Webhook, "--nonsense").stderr).toContain("usage: stash-batch webhook");
  expect(run(Command.Reconciler, "--nonsense").stderr).toContain("usage: stash-batch reconciler");
});

test("everything else is what people type, under the image's name", () => {
  const { status, stdout } = run("--help");
  expect(status).toBe(0);
  expect(stdout).toContain("Usage: stash-batch COMMAND");
  for (const name of Object.values(Command)) expect(stdout).toContain(name);
  expect(run("trigger", "--help").stdout).toContain("Usage: stash-batch trigger");
  expect(run("explian")).toMatchObject({ status: 2, stderr: expect.stringContaining("Did you mean explain?") });
  expect(run()).toMatchObject({ status: 2, stdout: "" });
});

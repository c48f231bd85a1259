import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRestic } from "../../../../agent/restic/client.ts";
import { runProgram } from "../../../../agent/restic/run.ts";
import { watchStall } from "../../../../agent/restic/stall.ts";
import { UserError } from "../../../../shared/errors.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stash-batch-stall-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** restic on a repository, played by a script. */
function scripted(body: string, limit: string | undefined) {
  const program = join(folder, "restic");
  writeFileSync(program, `#!${process.execPath}\n${body}`, { mode: 0o755 });
  return createRestic({
    access: { provider: "local", flags: [], env: {}, secrets: [], localFolder: undefined },
    env: { PATH: process.env["PATH"], STASH_RESTIC: program, ...(limit !== undefined && { STASH_STALL_LIMIT: limit }) },
    scratch: folder,
    isCacheEnabled: false,
    memoryLimitBytes: undefined,
  });
}

const STATUS = (bytes: string) =>
  `console.log(JSON.stringify({ message_type: "status", seconds_elapsed: n++, bytes_done: ${bytes}, files_done: 3 }))`;
const BACKUP = { path: "/data", host: "host-0", tags: [], exclude: [], args: [] };

describe("a restic that stands still", () => {
  test("D8: is ended with a code of its own, however much it talks", async () => {
    const restic = scripted(`let n = 0; setInterval(() => ${STATUS("7")}, 50);`, "1s");
    const exit = await restic.backup(BACKUP, {});
    expect(exit.stopped).toBe("stall");
    const fault = restic.fault("backup of /data", exit);
    expect(fault.code).toBe("RESTIC_STALLED");
    expect(fault.retryable).toBe(true);
  });

  test.each([
    ["tells progress", `let n = 0; setInterval(() => ${STATUS("n")}, 50); setTimeout(() => process.exit(0), 4_500);`],
    [
      "reads, and tells nothing",
      `const { openSync, readSync } = require("node:fs");
       const program = openSync(process.execPath);
       setInterval(() => readSync(program, Buffer.alloc(1 << 18)), 50); setTimeout(() => process.exit(0), 4_500);`,
    ],
  ])("D8: one that %s may take longer than the limit", async (_what, body) => {
    const exit = await scripted(body, "2s").backup(BACKUP, {});
    expect(exit).toMatchObject({ code: 0, stopped: undefined });
  });

  describe("whose output somebody takes as it comes", () => {
    const chunk = "Buffer.alloc(128 * 1024)";

    test("D8: is ended when it gives nothing more", async () => {
      const body = `process.stdout.write(${chunk}); setInterval(() => {}, 1_000);`;
      const restic = scripted(body, "1s");
      const exit = await restic.run(["dump"], { onRawStdout: (stdout) => stdout.resume() });
      expect(restic.fault("reading of the dump", exit).code).toBe("RESTIC_STALLED");
    });

    test("D8: may take longer than the limit while it flows, and while he lets it wait", async () => {
      const body = `setInterval(() => process.stdout.write(${chunk}), 100); setTimeout(() => process.exit(0), 2_500);`;
      const flowing = await scripted(body, "1s").run(["dump"], { onRawStdout: (stdout) => stdout.resume() });
      expect(flowing).toMatchObject({ code: 0, stopped: undefined });
      const held = await scripted(`process.stdout.write(Buffer.alloc(1 << 20), () => process.exit(0));`, "1s").run(
        ["dump"],
        {
          onRawStdout(stdout) {
            stdout.pause();
            setTimeout(() => stdout.resume(), 2_500);
          },
        },
      );
      expect(held).toMatchObject({ code: 0, stopped: undefined });
    });
  });

  test("D8: the limit can be switched off, and is half an hour where nobody says otherwise", async () => {
    const body = "setTimeout(() => process.exit(0), 1_500);";
    for (const limit of ["0", undefined]) {
      const exit = await scripted(body, limit).backup(BACKUP, {});
      expect(exit).toMatchObject({ code: 0, stopped: undefined });
    }
    expect(() => scripted(body, "soon")).toThrow(UserError);
  });

  test("D8: one that can't be ended is left behind, and the host ends all the same", async () => {
    // As long as somebody holds its output the kernel does not call a program over; nothing else in user space comes as near.
    const exit = await runProgram({
      argv: ["sh", "-c", "sleep 30 & trap '' INT; sleep 30"],
      env: { PATH: process.env["PATH"] },
      stall: { limitMs: 300, progressOf: () => undefined },
      graces: { stopMs: 200, killMs: 200 },
    });
    expect(exit).toMatchObject({ code: undefined, stopped: "stall" });
    expect(exit.tail.join()).toMatch(/can't be ended/);
  });
});

test("D8: what can't be looked at never counts as standing still", async () => {
  let isStalled = false;
  const watch = watchStall({
    limitMs: 50,
    transfers: () => undefined,
    heardBytes: () => 0,
    onStall: () => {
      isStalled = true;
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  watch.end();
  expect(isStalled).toBe(false);
});

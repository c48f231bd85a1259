import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRestoreStage } from "../support/transcripts/restore-stage.ts";
import { parseScript, playScript, type Script, type Stage } from "../support/transcripts/script.ts";
import { createSessionStage } from "../support/transcripts/session-stage.ts";

/** With this variable set the scripts are written anew instead of compared; the difference is then for people to read. */
const IS_REWRITE = process.env["STASH_BATCH_REWRITE_TRANSCRIPTS"] !== undefined;

function runFolder(folder: string, createStage: (script: Script) => Stage): void {
  const path = join(import.meta.dirname, folder);
  for (const file of readdirSync(path).filter((name) => name.endsWith(".txt"))) {
    const text = readFileSync(join(path, file), "utf8");
    const script = parseScript(text);
    test(script.title, () => {
      const played = playScript(script, createStage(script));
      if (IS_REWRITE) writeFileSync(join(path, file), played);
      else expect(played).toBe(text);
    });
  }
}

describe("sessions", () => runFolder("sessions", createSessionStage));

describe("restores", () => runFolder("restores", createRestoreStage));

/** `add-key ARGS...`: `restic key add` with a password from the first line of the input, which no argument and no log shows. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Path } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { openAskedRepository } from "../work/asked-repository.ts";
import { runAsked } from "./restic.ts";
import { shutdownSignal } from "./shutdown.ts";

/** @returns restic's exit code */
export async function run(argv: readonly string[]): Promise<number> {
  const restic = openAskedRepository({ env: process.env });
  const password = await readFirstLine();
  const folder = mkdtempSync(join(Path.Scratch, "key-"));
  try {
    const file = join(folder, "password");
    writeFileSync(file, password, { mode: 0o600 });
    return await runAsked(restic, ["key", "add", "--new-password-file", file, ...argv], shutdownSignal());
  } finally {
    rmSync(folder, { recursive: true, force: true });
    // Whoever wrote the line keeps the input open until the answer is there.
    process.stdin.destroy();
  }
}

/** @throws UserError CONFIGURATION_INVALID where there is none, or an empty one: that would open the repository to everybody */
async function readFirstLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  for await (const line of lines) {
    lines.close();
    if (line !== "") return line;
    break;
  }
  throw new UserError("CONFIGURATION_INVALID", "the input holds no password");
}

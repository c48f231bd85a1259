/** Starting a browser: what signs in is in no command line, and nobody else can read it. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openBrowser } from "../../../../cli/ui/open-browser.ts";

const ADDRESS = "http://127.0.0.1:4000/folder/?token=secret-of-the-address";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-opener-"));
  vi.stubEnv("PATH", `${dir}:${process.env["PATH"]}`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

/** An opener that writes down what it was called with. */
function putOpener(exitCode = 0): void {
  const program = join(dir, "xdg-open");
  const told = join(dir, "told");
  writeFileSync(program, `#!/bin/sh\nprintf '%s' "$*" > ${told}.part\nmv ${told}.part ${told}\nexit ${exitCode}\n`);
  chmodSync(program, 0o755);
}

async function told(): Promise<string> {
  await vi.waitFor(() => expect(existsSync(join(dir, "told"))).toBe(true), 20_000);
  return readFileSync(join(dir, "told"), "utf8");
}

test("the command line names a file that only this user can read, and that leads to the address", async () => {
  putOpener();
  const opening = openBrowser(ADDRESS, () => expect.unreachable());
  const line = await told();
  expect(line).toMatch(/^file:\/\/\/\S+$/);
  expect(line).not.toContain("secret");
  const file = fileURLToPath(line);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  expect(readFileSync(file, "utf8")).toContain(`<meta http-equiv="refresh" content="0; url=${ADDRESS}">`);
  // The opener has ended by now, and its browser may be slow to start.
  opening.forget();
  expect(existsSync(dirname(file))).toBe(false);
  opening.forget();
});

test("the file goes when the program ends", async () => {
  putOpener();
  const before = process.listeners("exit");
  openBrowser(ADDRESS, () => expect.unreachable());
  const file = fileURLToPath(await told());
  const [atExit] = process.listeners("exit").filter((one) => !before.includes(one));
  atExit?.(0);
  expect(existsSync(dirname(file))).toBe(false);
});

test("where no browser can be started it is told why", async () => {
  putOpener(3);
  const why = await new Promise((resolve) => openBrowser(ADDRESS, resolve));
  expect(why).toBe("xdg-open ended with 3");
  vi.stubEnv("TMPDIR", join(dir, "nowhere"));
  expect(await new Promise((resolve) => openBrowser(ADDRESS, resolve))).toMatch(/ENOENT/);
});

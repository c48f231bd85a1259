/** Starting a browser: what signs in is in no command line, and nobody else can read it. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openBrowser } from "../../../../cli/ui/open-browser.ts";
import { putOpener } from "../../../support/cli/opener.ts";

const ADDRESS = "http://127.0.0.1:4000/folder/?token=secret-of-the-address";

let dir: string;

function useOpener(exitCode = 0) {
  const opener = putOpener(dir, exitCode);
  vi.stubEnv("PATH", opener.path);
  return opener;
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-opener-"));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true, force: true });
});

test("the command line names a file that only this user can read, and that leads to the address", async () => {
  const opener = useOpener();
  const opening = openBrowser(ADDRESS, () => expect.unreachable());
  const line = await opener.told();
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
  const opener = useOpener();
  const before = process.listeners("exit");
  openBrowser(ADDRESS, () => expect.unreachable());
  const file = fileURLToPath(await opener.told());
  const [atExit] = process.listeners("exit").filter((one) => !before.includes(one));
  atExit?.(0);
  expect(existsSync(dirname(file))).toBe(false);
});

test("where no browser can be started it is told why", async () => {
  useOpener(3);
  const why = await new Promise((resolve) => openBrowser(ADDRESS, resolve));
  expect(why).toBe("xdg-open ended with 3");
  vi.stubEnv("TMPDIR", join(dir, "nowhere"));
  expect(await new Promise((resolve) => openBrowser(ADDRESS, resolve))).toMatch(/ENOENT/);
});

/** The pages beside the demo's story: they may fail, and it may not. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openPages } from "../../../../scripts/demo/pages.ts";
import { startUi } from "../../../support/cli/ui-process.ts";

let dir: string;
let said: string[];
const teller = { say: (text: string) => void said.push(text) };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-demo-pages-"));
});

beforeEach(() => {
  said = [];
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** A program in place of the plugin. */
async function program(name: string, text: string): Promise<string> {
  const file = join(dir, `${name}.cjs`);
  await writeFile(file, text);
  return file;
}

test("the address is told, whether or not a browser starts", async () => {
  const text = 'console.log("http://127.0.0.1:1/x/?token=y"); console.error("no browser"); setInterval(() => {}, 1e6);';
  const file = await program("good", text);
  const pages = await openPages(() => startUi(file, "none", []), teller);
  expect(said).toEqual(["look on, in one browser: http://127.0.0.1:1/x/?token=y"]);
  await pages?.stop();
});

test("pages that can't be started are told, and the story goes on", async () => {
  const file = await program("bad", 'console.error("no pages here"); process.exit(1);');
  expect(await openPages(() => startUi(file, "none", []), teller)).toBeUndefined();
  expect(await openPages(() => startUi(join(dir, "none.cjs"), "none", []), teller)).toBeUndefined();
  expect(said).toEqual([
    expect.stringMatching(/^there are no pages to look on with: .*no pages here/),
    expect.stringMatching(/^there are no pages to look on with: /),
  ]);
});

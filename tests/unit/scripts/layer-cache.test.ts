import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { cachedLayer } from "../../../scripts/images/layer-cache.ts";
import { describeLayer } from "../../../scripts/images/oci-archive.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "layer-cache-"));
  vi.stubEnv("XDG_CACHE_HOME", dir);
});

afterEach(() => rm(dir, { recursive: true, force: true }));

const layersFolder = () => join(dir, "stash-batch", "layers");
/** Makes other bytes each time, as packages that were unpacked at another time are. */
const makeLayer = (content: string, recipe = "recipe") =>
  cachedLayer("base", recipe, (tarPath) => writeFile(tarPath, content));

test("a layer is made once, and another recipe is another layer", async () => {
  const first = await makeLayer("one");
  expect(await makeLayer("two")).toEqual(first);
  expect((await makeLayer("three", "other")).digest).not.toBe(first.digest);
});

test("of two that are made at the same time each is what its digest says", async () => {
  const made = await Promise.all(["one", "two", "three"].map((content) => makeLayer(content)));
  for (const layer of made) expect((await describeLayer(layer.path)).digest).toBe(layer.digest);
  const kept = await makeLayer("four");
  expect(made).toContainEqual(kept);
  expect((await readdir(layersFolder())).filter((name) => name.startsWith(".making"))).toEqual([]);
});

test("one whose file was taken away is made anew", async () => {
  const first = await makeLayer("one");
  await rm(first.path);
  const second = await makeLayer("two");
  expect((await describeLayer(second.path)).digest).toBe(second.digest);
  expect(second.digest).not.toBe(first.digest);
});

import { expect, test } from "vitest";
import { CopiedSources } from "../../../../reconciler/rights/copied-sources.ts";
import { copyOf } from "../../../../reconciler/rights/decide.ts";
import { FakeApi } from "../fake-api.ts";
import { aRepository } from "../injection/builders.ts";

const signal = new AbortController().signal;

function copyFor(namespace: string) {
  const open = { usagePolicy: { allowedNamespaces: { from: "All" } } } as const;
  const repository = aRepository({ namespace: "vault", spec: { ...aRepository().spec, ...open } });
  const copy = copyOf(repository, { namespace, labels: {} });
  if (copy === undefined) throw new Error("the Repository allows it");
  return copy;
}

function aStage() {
  const api = new FakeApi();
  const clock = { nowMs: 0, monotonic: () => clock.nowMs };
  const { from } = copyFor("any");
  const write = (value: string) =>
    api.put("secrets", { metadata: { namespace: from.namespace, name: from.name }, data: { KEY: value } });
  return { api, clock, write, sources: new CopiedSources(api.client, clock, 30_000) };
}

test("D24: an original is read once for all namespaces that have a copy of it", async () => {
  const { api, clock, write, sources } = aStage();
  write("one");
  for (let at = 0; at < 5_000; at += 1) await sources.hashOf([copyFor(`team-${at}`)], signal);
  expect(api.reads).toBe(1);
  clock.nowMs += 60_000;
  await sources.hashOf([copyFor("team-1")], signal);
  expect(api.reads).toBe(2);
});

test("D24: that it changed, came or went is seen with the next look", async () => {
  const { api, clock, write, sources } = aStage();
  const look = async () => {
    clock.nowMs += 60_000;
    return sources.hashOf([copyFor("team")], signal);
  };
  const hashes = [await look()];
  write("");
  hashes.push(await look());
  write("one");
  hashes.push(await look());
  write("two");
  hashes.push(await look());
  expect(new Set(hashes).size).toBe(4);
  expect(await look()).toBe(hashes[3]);
  const { from } = copyFor("team");
  await api.client.delete({ group: "", version: "v1", plural: "secrets", namespaced: true }, from.namespace, from.name);
  expect(await look()).toBe(hashes[0]);
});

test("D24: a look that failed is no answer for the next", async () => {
  const { api, clock, write } = aStage();
  write("one");
  let isAway = true;
  const find: FakeApi["client"]["find"] = (...args) =>
    isAway ? Promise.reject(new Error("away")) : api.client.find(...args);
  const sources = new CopiedSources({ find }, clock, 30_000);
  await expect(sources.hashOf([copyFor("team")], signal)).rejects.toThrow("away");
  isAway = false;
  await expect(sources.hashOf([copyFor("team")], signal)).resolves.toMatch(/./);
});

/** The APIService gets its bundle as the webhooks do, where it is ours. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { findConfigurations, hasBundle, publishBundle } from "../../../certs/webhook-configurations.ts";
import { Install } from "../../../shared/contract.ts";
import { textAt } from "../../../shared/json/value.ts";
import { FakeApi } from "../reconciler/fake-api.ts";

const file = join(import.meta.dirname, "../../../manifests/overlays/snapshot-api/api-service.yaml");
const NAMES = ["stash-batch-webhook.stash-batch.svc"];
const { signal } = new AbortController();
const wanted = [{ kind: "APIService", name: Install.SnapshotApiService }] as const;

test("ours is published, and is one that has it then", async () => {
  const api = new FakeApi();
  api.put("apiservices", parse(readFileSync(file, "utf8")));
  const read = async () => (await findConfigurations(api.client, wanted, signal))[0];
  const before = await read();
  if (before === undefined) throw new Error("no APIService");
  expect(hasBundle(before, "PEM", NAMES)).toBe(false);
  await publishBundle(api.client, before, { bundle: "PEM", names: NAMES }, signal);
  const after = await read();
  expect(after?.webhooks.map(({ bundle }) => bundle)).toEqual(["PEM"]);
});

test("upstream's is left as it is", async () => {
  const api = new FakeApi();
  const service = { namespace: "stash", name: "stash-stash-community" };
  api.put("apiservices", { metadata: { name: Install.SnapshotApiService }, spec: { service, caBundle: "dGhlaXJz" } });
  const [found] = await findConfigurations(api.client, wanted, signal);
  if (found === undefined) throw new Error("no APIService");
  expect(hasBundle(found, "PEM", NAMES)).toBe(true);
  expect(textAt(found.webhooks[0], "bundle")).toBe("theirs");
});

test("where there is none nothing is looked for again and again", async () => {
  expect(await findConfigurations(new FakeApi().client, wanted, signal)).toEqual([]);
});

/** The client, Events and discovery against a real API server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../shared/clock.ts";
import { numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { createDiscovery } from "../../shared/kube/client/discovery.ts";
import { isAlreadyExists, isConflict, isForbidden, isInvalid, toUserError } from "../../shared/kube/client/error.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { createEventRecorder } from "../../shared/kube/events/recorder.ts";
import { EVENTS } from "../../shared/kube/resources.ts";
import { failureOf, openTestClient, type TestClient } from "../support/kube/test-client.ts";
import { defineWidgets, type Widgets } from "../support/kube/widgets.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps", namespaced: true };
const ACCOUNTS = { group: "", version: "v1", plural: "serviceaccounts", namespaced: true };
const REVIEWS = { group: "authorization.k8s.io", version: "v1", plural: "selfsubjectaccessreviews", namespaced: false };

const NAMESPACE = "kube-client";

let opened: TestClient;
let client: KubeClient;
let widgets: Widgets;
beforeAll(async () => {
  opened = await openTestClient(sharedPlane().kubeconfigPath);
  client = opened.client;
  widgets = await defineWidgets(client, NAMESPACE);
});
afterAll(async () => {
  await widgets?.remove();
  client?.close();
});

describe("objects", () => {
  test("are created, read, replaced, patched and deleted", async () => {
    const created = await client.create(CONFIG_MAPS, NAMESPACE, { metadata: { name: "life" }, data: { a: "1" } }, asIs);
    expect(await client.get(CONFIG_MAPS, NAMESPACE, "life", asIs)).toEqual(created);
    const body = { ...Object(created), data: { a: "2" } };
    const updated = await client.update(CONFIG_MAPS, NAMESPACE, body, asIs);
    expect(isConflict(await failureOf(client.update(CONFIG_MAPS, NAMESPACE, body, asIs)))).toBe(true);
    const merge = { kind: "merge", body: { data: { a: null, b: "3" } } } as const;
    const patched = await client.patch(CONFIG_MAPS, NAMESPACE, "life", merge, asIs);
    expect([valueAt(updated, "data"), valueAt(patched, "data")]).toEqual([{ a: "2" }, { b: "3" }]);
    expect(await client.delete(CONFIG_MAPS, NAMESPACE, "life", { uid: "another" })).toBe(false);
    expect(await client.delete(CONFIG_MAPS, NAMESPACE, "life", { uid: textAt(created, "metadata", "uid") ?? "" })).toBe(
      true,
    );
    expect(await client.delete(CONFIG_MAPS, NAMESPACE, "life")).toBe(false);
    expect(await client.find(CONFIG_MAPS, NAMESPACE, "life", asIs)).toBeUndefined();
  });

  test("are applied by several owners side by side, under the program's name", async () => {
    const apply = (data: unknown) =>
      ({ kind: "apply", body: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "shared" }, data } }) as const;
    await client.patch(CONFIG_MAPS, NAMESPACE, "shared", apply({ a: "1" }), asIs);
    const both = await client.patch(CONFIG_MAPS, NAMESPACE, "shared", apply({ b: "2" }), asIs, {
      fieldManager: "other",
    });
    expect(valueAt(both, "data")).toEqual({ a: "1", b: "2" });
    const taken = await failureOf(
      client.patch(CONFIG_MAPS, NAMESPACE, "shared", apply({ a: "9" }), asIs, { fieldManager: "other" }),
    );
    expect(isConflict(taken)).toBe(true);
    expect(taken.causes[0]).toMatchObject({ reason: "FieldManagerConflict", field: ".data.a" });
    expect(taken.causes[0]?.message).toContain("stash-batch-test");
    const forced = { ...apply({ a: "9" }), force: true };
    const now = await client.patch(CONFIG_MAPS, NAMESPACE, "shared", forced, asIs, { fieldManager: "other" });
    expect(textAt(now, "data", "a")).toBe("9");
  });

  test("of a dry run are checked and not kept", async () => {
    const body = { metadata: { name: "dry" } };
    expect(textAt(await client.create(CONFIG_MAPS, NAMESPACE, body, asIs, { dryRun: true }), "metadata", "name")).toBe(
      "dry",
    );
    expect(await client.find(CONFIG_MAPS, NAMESPACE, "dry", asIs)).toBeUndefined();
  });

  test("whose name is taken or whose fields are wrong are refused with the reason", async () => {
    await client.create(widgets.resource, NAMESPACE, widgets.build("taken"), asIs);
    const taken = await failureOf(client.create(widgets.resource, NAMESPACE, widgets.build("taken"), asIs));
    expect([isAlreadyExists(taken), isConflict(taken), taken.retryable]).toEqual([true, false, false]);
    const wrong = await failureOf(
      client.create(widgets.resource, NAMESPACE, widgets.build("wrong", { size: 0 }), asIs),
    );
    expect(isInvalid(wrong)).toBe(true);
    expect(wrong.causes.map(({ field }) => field)).toEqual(["spec.size"]);
    expect(toUserError(wrong)).toMatchObject({ code: "INVALID_OBJECT", retryable: false });
  });

  test("are listed over many pages with their kind", async () => {
    await Promise.all(
      Array.from({ length: 23 }, (_, i) =>
        client.create(CONFIG_MAPS, NAMESPACE, { metadata: { name: `page-${i}`, labels: { paged: "yes" } } }, asIs),
      ),
    );
    const pages: number[] = [];
    const options = { pageSize: 10, labelSelector: "paged=yes" };
    for await (const page of client.listPages(CONFIG_MAPS, NAMESPACE, options)) pages.push(page.items.length);
    expect(pages).toEqual([10, 10, 3]);
    const { items } = await client.list(CONFIG_MAPS, NAMESPACE, asIs, options);
    expect(new Set(items.map((item) => textAt(item, "metadata", "name"))).size).toBe(23);
    expect(items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    const metadata = await client.list(CONFIG_MAPS, NAMESPACE, asIs, { ...options, metadataOnly: true });
    expect(metadata.items[0]).toMatchObject({ kind: "PartialObjectMetadata" });
  });
});

describe("rights", () => {
  test("are asked for by a review", async () => {
    const resourceAttributes = {
      verb: "create",
      group: "stash.appscode.com",
      resource: "backupsessions",
      namespace: NAMESPACE,
    };
    const review = await client.create(REVIEWS, undefined, { spec: { resourceAttributes } }, asIs);
    expect(valueAt(review, "status", "allowed")).toBe(true);
  });

  test("that lack give an error that names the right and the user", async () => {
    await client.create(ACCOUNTS, NAMESPACE, { metadata: { name: "nobody" } }, asIs);
    const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } };
    const answer = await client.createSubresource(ACCOUNTS, NAMESPACE, "nobody", "token", request, asIs);
    const authorization = `Bearer ${textAt(answer, "status", "token")}`;
    const { ca } = (await opened.connection.credentials()).tls;
    const tls = ca === undefined ? {} : { ca };
    const connection = { ...opened.connection, credentials: async () => ({ headers: { authorization }, tls }) };
    const nobody = createKubeClient({ connection, program: "nobody" });
    const error = await failureOf(nobody.list(widgets.resource, NAMESPACE, asIs));
    nobody.close();
    expect(isForbidden(error)).toBe(true);
    expect(toUserError(error)).toMatchObject({ code: "API_FORBIDDEN", retryable: false });
    expect(error.message).toContain(`system:serviceaccount:${NAMESPACE}:nobody`);
    expect(error.message).toContain("widgets");
  });
});

test("discovery tells what is served, newest version first", async () => {
  const discovery = createDiscovery(client, systemClock);
  expect(await discovery.hasResource("", "v1", "pods")).toBe(true);
  expect(await discovery.hasResource("kube-client.test", "v1", "widgets")).toBe(true);
  expect(await discovery.hasResource("kube-client.test", "v1", "gadgets")).toBe(false);
  expect(await discovery.hasResource("nothing.test", "v1", "gadgets")).toBe(false);
  const { major, minor, text } = await discovery.serverVersion();
  expect(text).toMatch(new RegExp(`^v${major}\\.${minor}\\.`));
  const cronJobs = (version: string) => ({ group: "batch", version, plural: "cronjobs", namespaced: true });
  const served = await discovery.firstServed([cronJobs("v1"), cronJobs("v1beta1")]);
  expect(served?.version).toBe(minor >= 21 ? "v1" : "v1beta1");
});

test("Events are kept by the API server as one with a count", async () => {
  const widget = await client.create(widgets.resource, NAMESPACE, widgets.build("eventful"), asIs);
  const uid = textAt(widget, "metadata", "uid");
  const subject = { apiVersion: "kube-client.test/v1", kind: "Widget", namespace: NAMESPACE, name: "eventful", uid };
  const dropped: unknown[] = [];
  const recorder = createEventRecorder({
    client,
    source: { component: "stash-batch-test" },
    onDropped: (_, __, error) => dropped.push(error),
  });
  recorder.record(subject, "Normal", "Started", "first");
  await recorder.flush();
  recorder.record(subject, "Normal", "Started", "first");
  recorder.record(subject, "Warning", "Failed", "second");
  await recorder.flush();
  expect(dropped).toEqual([]);
  const { items } = await client.list(EVENTS, NAMESPACE, asIs, { fieldSelector: `involvedObject.uid=${uid}` });
  const told = items.map((item) => [textAt(item, "reason"), numberAt(item, "count"), textAt(item, "type")]);
  expect(told.toSorted()).toEqual([
    ["Failed", 1, "Warning"],
    ["Started", 2, "Normal"],
  ]);
});

test("a thousand creates at once all arrive, and leave nothing behind on their connections", async () => {
  const warnings: string[] = [];
  process.on("warning", ({ message }) => warnings.push(message));
  const names = Array.from({ length: 1_000 }, (_, i) => `many-${i}`);
  const startedAt = performance.now();
  await Promise.all(
    names.map((name) => client.create(CONFIG_MAPS, NAMESPACE, { metadata: { name, labels: { many: "yes" } } }, asIs)),
  );
  expect(performance.now() - startedAt).toBeLessThan(30_000);
  expect(warnings).toEqual([]);
  const { items } = await client.list(CONFIG_MAPS, NAMESPACE, asIs, { labelSelector: "many=yes", metadataOnly: true });
  expect(items).toHaveLength(1_000);
});

/** Orders to delete a snapshot: one a snapshot, and so many of a namespace that others have room too. */
import { expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { textMapAt } from "../../../../shared/injection/workload.ts";
import { textAt } from "../../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../../shared/kube/client/interface.ts";
import { ACCESS_REVIEWS, CONFIG_MAPS } from "../../../../shared/kube/resources.ts";
import { buildDeletionOrder } from "../../../../shared/snapshots/deletion-order.ts";
import { type AnswerPorts, answerCall } from "../../../../webhook/snapshots/answer.ts";
import { createDeletionOrders, MOST_ORDERS } from "../../../../webhook/snapshots/deletion-orders.ts";
import { FakeApi } from "../../reconciler/fake-api.ts";

const OWN = "stash-batch";
const idOf = (number: number) => `${number.toString(16).padStart(8, "0")}${"a".repeat(56)}`;

/** A cluster with a Repository of three snapshots in each of two namespaces. */
function aCluster(): FakeApi {
  const api = new FakeApi();
  for (const namespace of ["demo", "other"]) {
    const snapshots = [1, 2, 3].map((number) => ({ id: idOf(number), time: "2026-01-09T00:00:00Z", hostname: "h" }));
    api.put(KINDS.Repository.plural, {
      apiVersion: KINDS.Repository.apiVersion,
      kind: "Repository",
      metadata: { namespace, name: "store", uid: `uid-${namespace}` },
      spec: {},
      status: { snapshots, snapshotsListedAt: "2026-01-09T20:00:00Z" },
    });
  }
  return api;
}

/** Orders on snapshots that nobody lists any more. */
function leave(api: FakeApi, namespace: string, count: number): void {
  for (let number = 0; number < count; number += 1) {
    const repository = { namespace, name: "store", uid: `uid-${namespace}` };
    const order = buildDeletionOrder(OWN, repository, idOf(1_000 + number), "somebody");
    const metadata = { ...order.metadata, creationTimestamp: "2026-01-10T00:00:00Z" };
    api.put(CONFIG_MAPS.plural, { ...order, metadata });
  }
}

function portsOf(api: FakeApi): AnswerPorts {
  const { client } = api;
  const list: KubeClient["list"] = async (resource, namespace, parse, options) => {
    const wanted = (options?.labelSelector ?? "").split(",").filter((part) => part !== "");
    const isWanted = (raw: unknown) =>
      wanted.every((part) => {
        const [key = "", value] = part.split("=");
        return textMapAt(raw, "metadata", "labels")[key] === value;
      });
    const { items, resourceVersion } = await client.list(resource, namespace, (raw) => ({ raw }));
    return { items: items.filter(({ raw }) => isWanted(raw)).map(({ raw }) => parse(raw)), resourceVersion };
  };
  const create: KubeClient["create"] = async (resource, namespace, body, parse, options) =>
    resource.plural === ACCESS_REVIEWS.plural
      ? parse({ status: { allowed: true } })
      : client.create(resource, namespace, stamped(body), parse, options);
  const listPages: KubeClient["listPages"] = async function* (resource, namespace) {
    yield { ...(await client.list(resource, namespace, asIs)), next: undefined };
  };
  return {
    client: { ...client, create, listPages },
    orders: createDeletionOrders({ list, create }, OWN),
    now: () => new Date("2026-01-10T00:00:00Z"),
    log: { info: () => {}, warn: () => {} },
  };
}

/** As an API server does. */
function stamped(body: unknown): unknown {
  const copy = structuredClone(body);
  const metadata = typeof copy === "object" && copy !== null ? Reflect.get(copy, "metadata") : undefined;
  if (typeof metadata === "object" && metadata !== null)
    Reflect.set(metadata, "creationTimestamp", "2026-01-10T00:00:00Z");
  return copy;
}

async function remove(api: FakeApi, namespace: string, number: number, query = "") {
  const path = `/apis/repositories.stash.appscode.com/v1alpha1/namespaces/${namespace}/snapshots/store-${idOf(number).slice(0, 8)}`;
  const caller = { username: "ops", uid: "", groups: [], extra: {} };
  const request = { method: "DELETE", path, query, accept: "", caller, body: "", signal: new AbortController().signal };
  const { status, body } = await answerCall(request, portsOf(api));
  return { status, message: textAt(body, "message") ?? "", reason: textAt(body, "reason") };
}

test("a snapshot that is deleted twice leaves one order", async () => {
  const api = aCluster();
  expect((await remove(api, "demo", 1)).status).toBe(200);
  expect((await remove(api, "demo", 1)).status).toBe(200);
  expect(api.names(CONFIG_MAPS.plural)).toHaveLength(1);
});

test("so many orders of a namespace may wait; another gets 429 and what to do, also in a dry run", async () => {
  const api = aCluster();
  leave(api, "demo", MOST_ORDERS - 1);
  expect((await remove(api, "demo", 1)).status).toBe(200);
  expect(api.names(CONFIG_MAPS.plural)).toHaveLength(MOST_ORDERS);
  for (const query of ["", "dryRun=All"]) {
    const { status, reason, message } = await remove(api, "demo", 2, query);
    expect([status, reason]).toEqual([429, "TooManyRequests"]);
    expect(message).toContain("1000 snapshots of namespace demo wait for their deletion already");
    expect(message).toContain("(next: ");
  }
  expect(api.names(CONFIG_MAPS.plural)).toHaveLength(MOST_ORDERS);
  // One that waits already is no further one.
  expect((await remove(api, "demo", 1)).status).toBe(200);
  // When one is carried out there is room for another.
  await api.client.delete(CONFIG_MAPS, OWN, (api.names(CONFIG_MAPS.plural)[0] ?? "").split("/")[1] ?? "");
  expect((await remove(api, "demo", 2)).status).toBe(200);
});

test("the orders of one namespace take no room from another's", async () => {
  const api = aCluster();
  leave(api, "demo", MOST_ORDERS);
  expect((await remove(api, "demo", 1)).status).toBe(429);
  expect((await remove(api, "other", 1)).status).toBe(200);
});

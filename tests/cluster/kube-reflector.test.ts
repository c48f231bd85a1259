/** Informers against an API server whose connections break, that is killed, and whose history is compacted. */
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import {
  createInformer,
  type Informer,
  type InformerOptions,
  type InformerProblem,
} from "../../shared/kube/cache/informer.ts";
import { isExpired } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { startTcpProxy, type TcpProxy } from "../support/kube/tcp-proxy.ts";
import { openTestClient } from "../support/kube/test-client.ts";

const CONFIG_MAPS = { group: "", version: "v1", plural: "configmaps", namespaced: true };
const NAMESPACES = { group: "", version: "v1", plural: "namespaces", namespaced: false };

interface Counter {
  readonly name: string;
  readonly uid: string;
  readonly count: number;
}

function parseCounter(object: unknown): Counter {
  return {
    name: textAt(object, "metadata", "name") ?? "",
    uid: textAt(object, "metadata", "uid") ?? "",
    count: Number(textAt(object, "data", "count")),
  };
}

let controlPlane: ControlPlane;
let writer: KubeClient;
beforeAll(async () => {
  controlPlane = await startControlPlane({ crds: false, scheduler: false, controllerManager: false });
  writer = (await openTestClient(controlPlane.kubeconfigPath)).client;
});
afterAll(async () => {
  writer?.close();
  await controlPlane?.stop();
});

const opened: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

interface Watched {
  readonly namespace: string;
  readonly proxy: TcpProxy;
  readonly informer: Informer<Counter>;
  /** Every call of a handler, in order: `add a=1`, `update a=2`, `delete a`. */
  readonly calls: string[];
  readonly problems: InformerProblem[];
}

let namespaces = 0;

/** A fresh namespace, watched through a proxy. */
async function watchNamespace(options: Partial<InformerOptions<Counter, never>> = {}): Promise<Watched> {
  namespaces += 1;
  const namespace = `reflector-${namespaces}`;
  await writer.create(NAMESPACES, undefined, { metadata: { name: namespace } }, asIs);
  const proxy = await startTcpProxy(controlPlane.serverUrl);
  const { client } = await openTestClient(controlPlane.kubeconfigPath, proxy.port);
  const calls: string[] = [];
  const problems: InformerProblem[] = [];
  const informer = createInformer<Counter>({
    client,
    resource: CONFIG_MAPS,
    namespace,
    transform: (object) =>
      textAt(object, "metadata", "name") === "kube-root-ca.crt" ? undefined : parseCounter(object),
    indexes: {},
    onProblem: (problem) => problems.push(problem),
    timings: { backoff: { baseMs: 20, maxMs: 500 } },
    ...options,
  });
  informer.subscribe({
    add: ({ name, count }) => calls.push(`add ${name}=${count}`),
    update: (_, { name, count }) => calls.push(`update ${name}=${count}`),
    delete: ({ name }) => calls.push(`delete ${name}`),
  });
  opened.push(proxy, { stop: () => client.close() }, informer);
  informer.start();
  await informer.hasSynced();
  return { namespace, proxy, informer, calls, problems };
}

function put(namespace: string, name: string, count: number): Promise<unknown> {
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { count: String(count) } };
  return writer.patch(CONFIG_MAPS, namespace, name, { kind: "apply", body }, asIs, { maxRetries: 20 });
}

/** Counts that handlers were told of one object, in order. */
function countsOf(calls: readonly string[], name: string): readonly number[] {
  return calls.flatMap((call) => {
    const [, count] = new RegExp(`^(?:add|update) ${name}=(\\d+)$`).exec(call) ?? [];
    return count === undefined ? [] : [Number(count)];
  });
}

test("connections that are cut again and again lose no event and repeat none", async () => {
  const { namespace, proxy, informer, calls, problems } = await watchNamespace();
  const last = 300;
  for (let count = 1; count <= last; count += 1) {
    await put(namespace, "counter", count);
    if (count % 30 === 0) proxy.cut();
  }
  await eventually(() => informer.get(namespace, "counter")?.count, last, 30_000);
  expect(countsOf(calls, "counter")).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  expect(calls.filter((call) => call.startsWith("add"))).toEqual(["add counter=1"]);
  expect(problems.filter(({ kind }) => kind === "Fault").length).toBeGreaterThan(3);
});

test("a connection that silently carries nothing is noticed and resumed", async () => {
  const { namespace, proxy, informer, calls } = await watchNamespace({
    timings: { quietAfterMs: 2_000, backoff: { baseMs: 20, maxMs: 500 } },
  });
  await put(namespace, "counter", 1);
  await eventually(() => informer.get(namespace, "counter")?.count, 1, 30_000);
  proxy.swallow();
  await put(namespace, "counter", 2);
  await put(namespace, "counter", 3);
  await eventually(() => informer.get(namespace, "counter")?.count, 3, 30_000);
  expect(countsOf(calls, "counter")).toEqual([1, 2, 3]);
});

test("an API server that is killed and started again is found again, and its state is known without repetition", async () => {
  const { namespace, informer, calls, problems } = await watchNamespace();
  await put(namespace, "stays", 1);
  await put(namespace, "changes", 1);
  await put(namespace, "goes", 1);
  await eventually(() => informer.size(), 3, 30_000);
  let count = 1;
  let writing = true;
  const writes = (async () => {
    for (; writing; await pause(20)) {
      count += 1;
      await put(namespace, "changes", count).catch(() => {});
    }
  })();
  await pause(200);
  await controlPlane.killApiServer();
  await pause(500);
  await controlPlane.startApiServer();
  await writer.delete(CONFIG_MAPS, namespace, "goes");
  await pause(500);
  writing = false;
  await writes;
  await put(namespace, "changes", count + 1);
  await eventually(() => informer.get(namespace, "changes")?.count, count + 1, 30_000);
  await eventually(() => informer.get(namespace, "goes"), undefined, 30_000);
  const counts = countsOf(calls, "changes");
  expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
  expect(calls.filter((call) => !call.startsWith("update"))).toEqual([
    "add stays=1",
    "add changes=1",
    "add goes=1",
    "delete goes",
  ]);
  expect(countsOf(calls, "stays")).toEqual([1]);
  expect(problems.filter(({ kind }) => kind === "HandlerFailed" || kind === "Unreadable")).toEqual([]);
});

test("after a compaction that swallowed changes, a list tells exactly the differences", async () => {
  const { namespace, proxy, informer, calls, problems } = await watchNamespace();
  for (const name of ["stays", "changes", "goes", "replaced"]) await put(namespace, name, 1);
  await eventually(() => informer.size(), 4, 30_000);
  const uid = informer.get(namespace, "replaced")?.uid;
  calls.length = 0;
  proxy.refuse();
  await put(namespace, "changes", 2);
  await put(namespace, "changes", 3);
  await writer.delete(CONFIG_MAPS, namespace, "goes");
  await writer.delete(CONFIG_MAPS, namespace, "replaced");
  await put(namespace, "replaced", 1);
  await put(namespace, "comes", 1);
  await controlPlane.compactEtcd();
  // A restarted API server has no memory of its own beyond what etcd still has.
  await controlPlane.killApiServer();
  await controlPlane.startApiServer();
  proxy.restore();
  await eventually(() => informer.get(namespace, "comes")?.count, 1, 30_000);
  await eventually(() => informer.get(namespace, "goes"), undefined, 30_000);
  expect(calls.toSorted()).toEqual(
    ["update changes=3", "delete goes", "delete replaced", "add replaced=1", "add comes=1"].toSorted(),
  );
  expect(informer.get(namespace, "replaced")?.uid).not.toBe(uid);
  expect(problems.some((problem) => problem.kind === "Fault" && isExpired(problem.error))).toBe(true);
  await put(namespace, "stays", 2);
  await eventually(() => informer.get(namespace, "stays")?.count, 2, 30_000);
});

test("a loss of contact shows in the health, and passes", async () => {
  const failed: number[] = [];
  const { namespace, proxy, informer, problems } = await watchNamespace({
    onFail: (ageMs) => failed.push(ageMs),
    timings: { staleAfterMs: 1_000, failAfterMs: 2_000, quietAfterMs: 600, backoff: { baseMs: 20, maxMs: 200 } },
  });
  expect(informer.healthy().ok).toBe(true);
  proxy.refuse();
  await eventually(() => failed.length, 1, 30_000);
  expect(informer.healthy().ok).toBe(false);
  expect(problems.filter(({ kind }) => kind === "Stale")).toHaveLength(1);
  proxy.restore();
  await eventually(() => informer.healthy().ok, true, 30_000);
  await put(namespace, "counter", 1);
  await eventually(() => informer.size(), 1, 30_000);
});

test("selectors are the server's work, and what stops to match is deleted", async () => {
  const { namespace, informer, calls } = await watchNamespace({ labelSelector: "team=a" });
  const create = (name: string, team: string) =>
    writer.create(CONFIG_MAPS, namespace, { metadata: { name, labels: { team } }, data: { count: "1" } }, asIs);
  await create("one", "a");
  await create("two", "b");
  await eventually(() => informer.size(), 1, 30_000);
  await writer.patch(
    CONFIG_MAPS,
    namespace,
    "one",
    { kind: "merge", body: { metadata: { labels: { team: "b" } } } },
    asIs,
  );
  await eventually(() => informer.size(), 0, 30_000);
  expect(calls).toEqual(["add one=1", "delete one"]);
});

test("an informer of metadata alone gets no data, and follows changes all the same", async () => {
  const seen: unknown[] = [];
  const { namespace, informer } = await watchNamespace({
    metadataOnly: true,
    fieldSelector: "metadata.name=one",
    transform: (object) => {
      seen.push(object);
      return {
        name: textAt(object, "metadata", "name") ?? "",
        uid: "",
        count: numberAt(object, "metadata", "generation") ?? 0,
      };
    },
  });
  await put(namespace, "one", 1);
  await put(namespace, "two", 1);
  await put(namespace, "one", 2);
  await eventually(() => seen.length, 2, 30_000);
  expect(informer.size()).toBe(1);
  expect(seen.map((object) => [valueAt(object, "kind"), valueAt(object, "data")])).toEqual([
    ["PartialObjectMetadata", undefined],
    ["PartialObjectMetadata", undefined],
  ]);
});

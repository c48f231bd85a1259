import { afterEach, describe, expect, test } from "vitest";
import { asIs, type KubeClient } from "../../../../shared/kube/client.ts";
import { type Clock, systemClock } from "../../../../shared/kube/clock.ts";
import { createKubeClient } from "../../../../shared/kube/http-client.ts";
import { isExpired, KubeError } from "../../../../shared/kube/kube-error.ts";
import { type Answer, answerJson, aStatus, LocalServer } from "./local-server.ts";

const BATCHES = { group: "stash.appscode.com", version: "v1beta1", plural: "backupbatches", namespaced: true };
const NODES = { group: "", version: "v1", plural: "nodes", namespaced: false };

const opened: { stop(): Promise<void> | void }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.stop();
});

/** All waits are twenty times as short as they would be; back-off takes the shortest it may, since random is 0. */
const HASTE = 20;
const hastyClock: Clock = { ...systemClock, after: (delayMs, task) => systemClock.after(delayMs / HASTE, task) };

async function aClient(answer: Answer, token?: () => string): Promise<{ client: KubeClient; server: LocalServer }> {
  const server = await LocalServer.start(answer);
  const client = createKubeClient({
    connection: server.connection(token),
    program: "test",
    clock: hastyClock,
    random: () => 0,
  });
  opened.push(server, { stop: () => client.close() });
  return { client, server };
}

/** Answers the first requests with the given ones, all others with the last. */
function inTurn(...answers: readonly Answer[]): Answer {
  let turn = 0;
  return (request, response) => {
    const answer = answers[Math.min(turn, answers.length - 1)];
    turn += 1;
    answer?.(request, response);
  };
}

const ok: Answer = (_, response) => answerJson(response, 200, { metadata: { name: "a" } });
const cut: Answer = (_, response) => response.socket?.destroy();
const refuse =
  (code: number, reason: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    answerJson(response, code, aStatus(code, reason), headers);

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof KubeError) return thrown;
  throw new Error(`expected a KubeError, got ${String(thrown)}`);
}

describe("requests", () => {
  test("a namespaced object is addressed by group, version, namespace, plural and name", async () => {
    const { client, server } = await aClient(ok);
    await client.get(BATCHES, "demo", "nightly", asIs);
    expect(server.seen[0]?.path).toBe("/apis/stash.appscode.com/v1beta1/namespaces/demo/backupbatches/nightly");
  });

  test("a cluster-scoped object of the core group is addressed without namespace and group", async () => {
    const { client, server } = await aClient(ok);
    await client.get(NODES, undefined, "node-1", asIs);
    expect(server.seen[0]?.path).toBe("/api/v1/nodes/node-1");
  });

  test("the program is named as owner of the fields it writes, and in the User-Agent", async () => {
    const { client, server } = await aClient(ok);
    await client.create(BATCHES, "demo", { metadata: { name: "a" } }, asIs);
    await client.patch(BATCHES, "demo", "a", { kind: "merge", body: {} }, asIs, {
      fieldManager: "other",
      dryRun: true,
    });
    expect(server.seen[0]?.query.get("fieldManager")).toBe("test");
    expect(server.seen[0]?.headers["user-agent"]).toBe("stash-batch/test");
    expect(Object.fromEntries(server.seen[1]?.query ?? [])).toEqual({ fieldManager: "other", dryRun: "All" });
  });

  test.each([
    ["json", { kind: "json", operations: [] }, "application/json-patch+json"],
    ["merge", { kind: "merge", body: {} }, "application/merge-patch+json"],
    ["apply", { kind: "apply", body: {} }, "application/apply-patch+yaml"],
  ] as const)("a %s patch says what it is", async (_, patch, contentType) => {
    const { client, server } = await aClient(ok);
    await client.patchStatus(BATCHES, "demo", "a", patch, asIs);
    expect(server.seen[0]).toMatchObject({ method: "PATCH", headers: { "content-type": contentType } });
    expect(server.seen[0]?.path).toMatch(/\/backupbatches\/a\/status$/);
  });

  test("connections are kept and used again", async () => {
    const { client, server } = await aClient(ok);
    for (let i = 0; i < 20; i += 1) await client.get(BATCHES, "demo", "a", asIs);
    expect(server.connections).toBe(1);
  });

  test("a path that would address a whole collection is refused before it is sent", async () => {
    const { client, server } = await aClient(ok);
    await expect(async () => client.delete(BATCHES, "demo", "")).rejects.toThrow(TypeError);
    await expect(async () => client.get(BATCHES, undefined, "a", asIs)).rejects.toThrow(/needs a namespace/);
    await expect(async () => client.get(NODES, "demo", "a", asIs)).rejects.toThrow(/has no namespaces/);
    expect(server.seen).toEqual([]);
  });

  test("what the parser throws reaches the caller", async () => {
    const { client } = await aClient(ok);
    const parse = (): never => {
      throw new RangeError("not like this");
    };
    await expect(client.get(BATCHES, "demo", "a", parse)).rejects.toThrow(RangeError);
  });
});

describe("refusals", () => {
  test("carry status, reason, message and causes", async () => {
    const causes = [{ reason: "FieldValueInvalid", message: "no such order", field: "spec.executionOrder" }];
    const { client } = await aClient((_, response) =>
      answerJson(response, 422, aStatus(422, "Invalid", { details: { causes } })),
    );
    const error = await failure(client.create(BATCHES, "demo", { metadata: { name: "a" } }, asIs));
    expect(error).toMatchObject({ status: 422, reason: "Invalid", detail: "Invalid it is", causes, retryable: false });
    expect(error.message).toBe("create backupbatches.stash.appscode.com demo/a: 422 Invalid: Invalid it is");
  });

  test("find gives undefined for what is not there, and throws all else", async () => {
    const { client } = await aClient(inTurn(refuse(404, "NotFound"), refuse(403, "Forbidden")));
    expect(await client.find(BATCHES, "demo", "a", asIs)).toBeUndefined();
    expect(await failure(client.find(BATCHES, "demo", "a", asIs))).toMatchObject({ status: 403 });
  });

  test("delete gives false for what is gone, and for a name that another object took", async () => {
    const replaced: Answer = (_, response) =>
      answerJson(response, 409, {
        ...Object(aStatus(409, "Conflict")),
        message: "Precondition failed: UID in precondition: a, UID in object meta: b",
      });
    const { client, server } = await aClient(inTurn(refuse(404, "NotFound"), replaced, ok));
    expect(await client.delete(BATCHES, "demo", "a")).toBe(false);
    expect(await client.delete(BATCHES, "demo", "a", { uid: "a" })).toBe(false);
    expect(await client.delete(BATCHES, "demo", "a", { propagationPolicy: "Background" })).toBe(true);
    expect(JSON.parse(server.seen[1]?.body ?? "")).toEqual({ preconditions: { uid: "a" } });
  });

  test("a page of something else than the API server is told as such", async () => {
    const { client } = await aClient((_, response) => response.end("<html>log in first</html>"));
    expect((await failure(client.get(BATCHES, "demo", "a", asIs))).message).toContain("<html>log in first</html>");
  });
});

describe("repetition", () => {
  const named = { metadata: { name: "a" } };
  const versioned = { metadata: { name: "a", resourceVersion: "5" } };
  const tested = { kind: "json", operations: [{ op: "test", path: "/a", value: 1 }] } as const;
  const untested = { kind: "json", operations: [{ op: "replace", path: "/a", value: 1 }] } as const;

  test.each([
    ["a read", (c: KubeClient) => c.get(BATCHES, "demo", "a", asIs)],
    ["a create under a fixed name", (c: KubeClient) => c.create(BATCHES, "demo", named, asIs)],
    ["an update of a version", (c: KubeClient) => c.update(BATCHES, "demo", versioned, asIs)],
    ["a patch with a test", (c: KubeClient) => c.patch(BATCHES, "demo", "a", tested, asIs)],
    ["a merge patch", (c: KubeClient) => c.patchStatus(BATCHES, "demo", "a", { kind: "merge", body: {} }, asIs)],
    ["a delete", (c: KubeClient) => c.delete(BATCHES, "demo", "a")],
  ])("%s is repeated when the connection breaks", async (_, call) => {
    const { client, server } = await aClient(inTurn(cut, refuse(503, "ServiceUnavailable"), ok));
    await call(client);
    expect(server.seen).toHaveLength(3);
  });

  test.each([
    [
      "a create under a generated name",
      (c: KubeClient) => c.create(BATCHES, "demo", { metadata: { generateName: "a-" } }, asIs),
    ],
    ["an update of whatever there is", (c: KubeClient) => c.update(BATCHES, "demo", named, asIs)],
    ["a JSON patch without a test", (c: KubeClient) => c.patch(BATCHES, "demo", "a", untested, asIs)],
  ])("%s is not repeated when the connection breaks", async (_, call) => {
    const { client, server } = await aClient(inTurn(cut, ok));
    expect(await failure(call(client))).toMatchObject({ status: 0, reason: "ConnectionLost", retryable: true });
    expect(server.seen).toHaveLength(1);
  });

  test("a kept connection that breaks counts as one that may have carried the call", async () => {
    const { client, server } = await aClient(inTurn(ok, cut, ok));
    await client.get(BATCHES, "demo", "a", asIs);
    const call = client.create(BATCHES, "demo", { metadata: { generateName: "a-" } }, asIs);
    expect(await failure(call)).toMatchObject({ reason: "ConnectionLost" });
    expect(server.seen).toHaveLength(2);
  });

  test("a connection that another call hands over counts as made, too", async () => {
    const server = await LocalServer.start(inTurn(ok, cut, ok));
    const client = createKubeClient({ connection: server.connection(), program: "test", maxConnections: 1 });
    opened.push(server, { stop: () => client.close() });
    const create = () => client.create(BATCHES, "demo", { metadata: { generateName: "a-" } }, asIs);
    const first = create();
    expect(await failure(create())).toMatchObject({ reason: "ConnectionLost" });
    await first;
    expect(server.seen).toHaveLength(2);
  });

  test("a call that was turned away is repeated whatever it is, not before the server wants it", async () => {
    const { client, server } = await aClient(inTurn(refuse(429, "TooManyRequests", { "retry-after": "1" }), ok));
    const startedAt = performance.now();
    await client.create(BATCHES, "demo", { metadata: { generateName: "a-" } }, asIs);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_000 / HASTE - 1);
    expect(server.seen).toHaveLength(2);
  });

  test("a call that never reached the server is repeated whatever it is", async () => {
    const { client, server } = await aClient(ok);
    const { port } = server;
    await server.stop();
    const call = client.create(BATCHES, "demo", { metadata: { generateName: "a-" } }, asIs);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await server.listen(port);
    await call;
    expect(server.seen).toHaveLength(1);
  });

  test("a call gives up after its repetitions", async () => {
    const { client, server } = await aClient(refuse(503, "ServiceUnavailable"));
    expect(await failure(client.get(BATCHES, "demo", "a", asIs, { maxRetries: 1 }))).toMatchObject({ status: 503 });
    expect(server.seen).toHaveLength(2);
  });

  test("an error that stays is not repeated", async () => {
    const { client, server } = await aClient(refuse(403, "Forbidden"));
    expect(await failure(client.get(BATCHES, "demo", "a", asIs))).toMatchObject({ retryable: false });
    expect(server.seen).toHaveLength(1);
  });

  test("a refused token is read anew, once", async () => {
    let reads = 0;
    const token = (): string => {
      reads += 1;
      return `token-${reads}`;
    };
    const answer: Answer = (request, response) =>
      request.headers.authorization === "Bearer token-2"
        ? answerJson(response, 200, {})
        : answerJson(response, 401, aStatus(401, "Unauthorized"));
    const { client, server } = await aClient(answer, token);
    await client.create(BATCHES, "demo", { metadata: { generateName: "a-" } }, asIs);
    await client.get(BATCHES, "demo", "a", asIs);
    expect(server.seen).toHaveLength(3);
    expect(reads).toBe(2);
  });
});

describe("time limits", () => {
  test("a call without an answer ends in time and leaves no connection", async () => {
    const { client, server } = await aClient(() => {});
    const call = client.get(BATCHES, "demo", "a", asIs, { timeoutMs: 600, maxRetries: 0 });
    expect(await failure(call)).toMatchObject({ status: 0, reason: "TimedOut", retryable: true });
    await expect.poll(() => server.connections, { timeout: 10_000 }).toBe(0);
  });

  test("an answer that stops half way ends in time", async () => {
    const { client } = await aClient((_, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("{");
    });
    const call = client.get(BATCHES, "demo", "a", asIs, { timeoutMs: 600, maxRetries: 0 });
    expect(await failure(call)).toMatchObject({ reason: "TimedOut" });
  });

  test("an aborted call throws the signal's reason, also while it waits to be repeated", async () => {
    const { client } = await aClient(refuse(503, "ServiceUnavailable", { "retry-after": "25" }));
    const abort = new AbortController();
    const call = client.get(BATCHES, "demo", "a", asIs, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), 30);
    await expect(call).rejects.toThrow("enough");
  });

  test("a signal that is aborted already sends nothing more", async () => {
    const { client, server } = await aClient(ok);
    const signal = AbortSignal.abort(new Error("never"));
    await expect(client.get(BATCHES, "demo", "a", asIs, { signal })).rejects.toThrow("never");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.seen).toEqual([]);
  });
});

describe("lists", () => {
  const page = (names: readonly string[], next: string): unknown => ({
    kind: "BackupBatchList",
    apiVersion: "stash.appscode.com/v1beta1",
    metadata: { resourceVersion: "7", continue: next },
    items: names.map((name) => ({ metadata: { name } })),
  });
  const paged: Answer = ({ query }, response) =>
    answerJson(response, 200, query.get("continue") === "more" ? page(["c"], "") : page(["a", "b"], "more"));

  test("are read page by page, and their items have a kind", async () => {
    const { client, server } = await aClient(paged);
    const list = await client.list(BATCHES, undefined, asIs, { labelSelector: "a=b,c!=d" });
    expect(list.resourceVersion).toBe("7");
    expect(list.items[2]).toEqual({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupBatch",
      metadata: { name: "c" },
    });
    expect(server.seen.map(({ query }) => query.get("limit"))).toEqual(["500", "500"]);
    expect(server.seen.map(({ query }) => query.get("labelSelector"))).toEqual(["a=b,c!=d", "a=b,c!=d"]);
  });

  test("whose next page expired are read once more in one piece", async () => {
    const { client, server } = await aClient(({ query }, response) => {
      if (query.has("continue")) answerJson(response, 410, aStatus(410, "Expired"));
      else answerJson(response, 200, query.has("limit") ? page(["a"], "more") : page(["a", "b"], ""));
    });
    expect((await client.list(BATCHES, "demo", asIs)).items).toHaveLength(2);
    expect(server.seen).toHaveLength(3);
  });

  test("of pages are the caller's to begin anew when they expire", async () => {
    const { client } = await aClient(refuse(410, "Expired"));
    const pages = client.listPages(BATCHES, "demo")[Symbol.asyncIterator]();
    expect(isExpired(await failure(pages.next()))).toBe(true);
  });

  test("can be of metadata alone", async () => {
    const { client, server } = await aClient((_, response) => answerJson(response, 200, page([], "")));
    await client.list(BATCHES, "demo", asIs, { metadataOnly: true });
    expect(server.seen[0]?.headers.accept).toBe("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
  });
});

describe("watches", () => {
  const options = { resourceVersion: "7", timeoutSeconds: 300 };

  test("ask for bookmarks, go on from a version and give events as they come", async () => {
    const { client, server } = await aClient((_, response) => {
      response.writeHead(200);
      response.write('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n{"type":"MODI');
      setTimeout(() => response.end('FIED","object":{}}\n'), 5);
    });
    const types: string[] = [];
    for await (const { type } of client.watch(BATCHES, "demo", options)) types.push(type);
    expect(types).toEqual(["ADDED", "MODIFIED"]);
    expect(Object.fromEntries(server.seen[0]?.query ?? [])).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      resourceVersion: "7",
      timeoutSeconds: "300",
    });
  });

  test("throw the server's error event", async () => {
    const { client } = await aClient((_, response) =>
      response.end(`${JSON.stringify({ type: "ERROR", object: aStatus(410, "Expired") })}\n`),
    );
    const events = client.watch(BATCHES, "demo", options)[Symbol.asyncIterator]();
    expect(isExpired(await failure(events.next()))).toBe(true);
  });

  test("close their connection when the reader stops", async () => {
    const { client, server } = await aClient((_, response) => {
      response.write('{"type":"ADDED","object":{}}\n');
    });
    for await (const _ of client.watch(BATCHES, "demo", options)) break;
    await expect.poll(() => server.connections, { timeout: 10_000 }).toBe(0);
  });

  test("end at once when they are aborted", async () => {
    const { client, server } = await aClient((_, response) => {
      response.writeHead(200);
      response.flushHeaders();
    });
    const abort = new AbortController();
    const events = client.watch(BATCHES, "demo", { ...options, signal: abort.signal })[Symbol.asyncIterator]();
    const next = events.next();
    setTimeout(() => abort.abort(new Error("enough")), 20);
    await expect(next).rejects.toThrow("enough");
    await expect.poll(() => server.connections, { timeout: 10_000 }).toBe(0);
  });
});

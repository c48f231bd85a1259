import { afterEach, describe, expect, test } from "vitest";
import { createKubeClient } from "../../../../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../../../../shared/kube/client/interface.ts";
import { atVersion } from "../../../../../shared/kube/client/patch.ts";
import { eventually } from "../../../../support/eventually.ts";
import { type Answer, answerJson, aStatus, LocalServer } from "./local-server.ts";
import { aClient, BATCHES, cut, failure, HASTE, inTurn, ok, opened, refuse, stopOpened } from "./world.ts";

afterEach(stopOpened);

describe("repetition", () => {
  const named = { metadata: { name: "a" } };
  const versioned = { metadata: { name: "a", resourceVersion: "5" } };
  const bound = { kind: "json", operations: [atVersion("5")] } as const;
  const unbound = { kind: "json", operations: [{ op: "replace", path: "/a", value: 1 }] } as const;

  test.each([
    ["a read", (c: KubeClient) => c.get(BATCHES, "demo", "a", asIs)],
    ["a create under a fixed name", (c: KubeClient) => c.create(BATCHES, "demo", named, asIs)],
    ["an update of a version", (c: KubeClient) => c.update(BATCHES, "demo", versioned, asIs)],
    ["a JSON patch of a version", (c: KubeClient) => c.patch(BATCHES, "demo", "a", bound, asIs)],
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
    ["a JSON patch of whatever there is", (c: KubeClient) => c.patch(BATCHES, "demo", "a", unbound, asIs)],
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
    await eventually(() => server.connections, 0, 10_000);
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

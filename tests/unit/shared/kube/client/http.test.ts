import { afterEach, describe, expect, test } from "vitest";
import { isExpired } from "../../../../../shared/kube/client/error.ts";
import { asIs } from "../../../../../shared/kube/client/interface.ts";
import { eventually } from "../../../../support/eventually.ts";
import { type Answer, answerJson, aStatus } from "./local-server.ts";
import { aClient, BATCHES, failure, inTurn, NODES, ok, refuse, stopOpened } from "./world.ts";

afterEach(stopOpened);

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
    await eventually(() => server.connections, 0, 10_000);
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
    await eventually(() => server.connections, 0, 10_000);
  });
});

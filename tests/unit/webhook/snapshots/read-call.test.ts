import { describe, expect, test } from "vitest";
import { formatCursor, parseCursor } from "../../../../webhook/snapshots/cursor.ts";
import { type RequestLine, readCall, readDeleteOptions } from "../../../../webhook/snapshots/read-call.ts";
import { chooseForm } from "../../../../webhook/snapshots/represent.ts";
import { Refusal } from "../../../../webhook/snapshots/status.ts";

const ROOT = "/apis/repositories.stash.appscode.com/v1alpha1";
const LIST = `${ROOT}/namespaces/demo/snapshots`;

const call = (path: string, change: Partial<RequestLine> = {}) =>
  readCall({ method: "GET", path, query: "", accept: "", ...change });

function whyRefused(read: () => unknown): string | undefined {
  try {
    read();
  } catch (error) {
    if (error instanceof Refusal) return error.why;
    throw error;
  }
  return undefined;
}

test.each<[string, string, string, object]>([
  ["GET", LIST, "", { verb: "list", namespace: "demo", limit: undefined, after: undefined }],
  ["GET", `${ROOT}/snapshots`, "limit=7", { verb: "list", namespace: undefined, limit: 7 }],
  ["GET", LIST, "limit=999999999", { verb: "list", limit: 500 }],
  ["GET", `${LIST}/store-0123abcd`, "", { verb: "get", namespace: "demo", name: "store-0123abcd" }],
  ["GET", `${LIST}/a.b-0123abcd`, "", { verb: "get", name: "a.b-0123abcd" }],
  ["DELETE", `${LIST}/store-0123abcd`, "", { verb: "delete", name: "store-0123abcd" }],
  ["GET", LIST, "watch=1&fieldSelector=metadata.name%3Dstore-0123abcd", { verb: "watch", name: "store-0123abcd" }],
])("%s %s?%s is understood", (method, path, query, expected) => {
  expect(call(path, { method, query })).toMatchObject(expected);
});

test.each<[string, string, string, string]>([
  ["GET", "/", "", "NotFound"],
  ["GET", "//", "", "NotFound"],
  ["GET", `${ROOT}/`, "", "NotFound"],
  ["GET", `${ROOT}/repositories`, "", "NotFound"],
  ["GET", `${LIST}/store-0123abcd/status`, "", "NotFound"],
  ["GET", `${ROOT}/namespaces/demo`, "", "NotFound"],
  ["GET", "/apis/repositories.stash.appscode.com/v1beta1/snapshots", "", "NotFound"],
  ["GET", `${ROOT}/namespaces/%zz/snapshots`, "", "BadRequest"],
  ["GET", `${ROOT}/namespaces/..%2fother/snapshots`, "", "BadRequest"],
  ["GET", `${ROOT}/namespaces/De.mo/snapshots`, "", "BadRequest"],
  ["GET", `${ROOT}/namespaces//snapshots`, "", "BadRequest"],
  ["GET", `${LIST}/`, "", "BadRequest"],
  ["GET", `${LIST}/store`, "", "BadRequest"],
  ["GET", `${LIST}/-0123abcd`, "", "BadRequest"],
  ["GET", `${LIST}/store-0123ABCD`, "", "BadRequest"],
  ["GET", `${LIST}/${"a".repeat(60)}-0123abcd`, "", "BadRequest"],
  ["GET", LIST, "limit=-1", "BadRequest"],
  ["GET", LIST, "continue=!!", "BadRequest"],
  ["GET", LIST, "labelSelector=%3D", "BadRequest"],
  ["GET", LIST, "includeObject=All", "BadRequest"],
  ["GET", LIST, "watch=true", "MethodNotAllowed"],
  ["GET", `${ROOT}/snapshots`, "watch=true&fieldSelector=metadata.name%3Dstore-0123abcd", "MethodNotAllowed"],
  ["DELETE", LIST, "", "MethodNotAllowed"],
  ["DELETE", `${ROOT}/snapshots`, "", "MethodNotAllowed"],
  ["POST", LIST, "", "MethodNotAllowed"],
  ["PUT", `${LIST}/store-0123abcd`, "", "MethodNotAllowed"],
  ["PATCH", `${LIST}/store-0123abcd`, "", "MethodNotAllowed"],
])("%s %s?%s is %s", (method, path, query, why) => {
  expect(whyRefused(() => call(path, { method, query }))).toBe(why);
});

test.each<[string, string | undefined]>([
  ["", "Object"],
  ["*/*", "Object"],
  [
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
    "Table",
  ],
  ["application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json", "Object"],
  ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "PartialObjectMetadata"],
  ["application/json;as=Table;v=v9;g=meta.k8s.io", undefined],
  ["application/vnd.kubernetes.protobuf", undefined],
  ["text/html", undefined],
])("for %j the form is %s", (accept, as) => {
  if (as === undefined) expect(whyRefused(() => chooseForm(accept))).toBe("NotAcceptable");
  else expect(chooseForm(accept).as).toBe(as);
});

test("a place in a list comes back as it went, and nothing else is one", () => {
  const cursor = { namespace: "demo", repository: "store", timeMs: 12, id: "ab" };
  expect(parseCursor(formatCursor(cursor))).toEqual(cursor);
  const odd = ["{}", "[]", "null", '{"namespace":1,"repository":"","timeMs":0,"id":""}', "x".repeat(5_000)];
  for (const text of odd) {
    expect(whyRefused(() => parseCursor(Buffer.from(text).toString("base64url")))).toBe("BadRequest");
  }
});

describe("the body of a DELETE", () => {
  const snapshot = { name: "store-0123abcd", id: "0123abcd" };
  const read = (body: string, query = "") => readDeleteOptions(body, query, snapshot);

  test("may be none, and says whether it is for show", () => {
    expect(read("")).toEqual({ isDryRun: false });
    expect(read('{"propagationPolicy":"Background"}')).toEqual({ isDryRun: false });
    expect(read('{"dryRun":["All"]}')).toEqual({ isDryRun: true });
    expect(read("", "dryRun=All")).toEqual({ isDryRun: true });
  });

  test("that means another snapshot of the name is a conflict", () => {
    expect(read('{"preconditions":{"uid":"0123abcd"}}')).toEqual({ isDryRun: false });
    expect(whyRefused(() => read('{"preconditions":{"uid":"other"}}'))).toBe("Conflict");
    for (const body of ["{", "7", '"x"', "null"]) expect(whyRefused(() => read(body))).toBe("BadRequest");
  });
});

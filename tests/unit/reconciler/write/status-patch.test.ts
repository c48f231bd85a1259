import { describe, expect, test } from "vitest";
import { mergeStatus } from "../../../../reconciler/write/status-patch.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../../../shared/kube/client/interface.ts";
import type { Patch } from "../../../../shared/kube/client/patch.ts";

const ADDRESS = {
  resource: { group: "g", version: "v1", plural: "things", namespaced: true },
  namespace: "demo",
  name: "a",
};

/** Takes patches and answers as it is told; what patches really do is checked against the API server. */
class Answers {
  readonly patches: Patch[] = [];
  readonly #error: KubeError | undefined;

  constructor(error?: KubeError) {
    this.#error = error;
  }

  readonly client: Pick<KubeClient, "patchStatus"> = {
    patchStatus: async (_resource, _namespace, _name, patch, parse) => {
      this.patches.push(patch);
      if (this.#error !== undefined) throw this.#error;
      return parse("patched");
    },
  };
}

function anError(status: number, reason: string, detail = "d"): KubeError {
  return new KubeError({ action: "patch", status, reason, detail });
}

const CHANGE = { before: { phase: "a", same: 1 }, after: { phase: "b", same: 1 } };

describe("a status", () => {
  test("is not written when nothing changes", async () => {
    const { client, patches } = new Answers();
    const change = { before: CHANGE.before, after: structuredClone(CHANGE.before) };
    expect(await mergeStatus(client, ADDRESS, change, asIs)).toEqual({ kind: "unchanged" });
    expect(patches).toEqual([]);
  });

  test("is written as the fields that change, bound to a version where one is given", async () => {
    const { client, patches } = new Answers();
    const change = { ...CHANGE, resourceVersion: "7" };
    expect(await mergeStatus(client, ADDRESS, change, asIs)).toEqual({ kind: "written", object: "patched" });
    expect(patches).toEqual([{ kind: "merge", body: { metadata: { resourceVersion: "7" }, status: { phase: "b" } } }]);
  });

  test.each([
    ["a conflict", anError(409, "Conflict"), "conflict"],
    ["an object that is gone", anError(404, "NotFound"), "gone"],
    ["E1: an invalid status", anError(422, "Invalid"), "refused"],
    ["E1: a patch that is none", anError(400, "BadRequest"), "refused"],
    ["E1: a status that is too large for the API server", anError(413, "RequestEntityTooLarge"), "refused"],
    [
      "E1: a status that is too large for etcd",
      anError(500, "InternalError", "etcdserver: request is too large"),
      "refused",
    ],
    [
      "E1: a status that is too large for the way to etcd",
      anError(
        500,
        "Http500",
        "rpc error: code = ResourceExhausted desc = trying to send message larger than max (9 vs. 8)",
      ),
      "refused",
    ],
  ])("%s is an outcome, no error", async (_, error, kind) => {
    const { client } = new Answers(error);
    expect(await mergeStatus(client, ADDRESS, CHANGE, asIs)).toMatchObject({ kind });
  });

  test.each([
    ["missing rights", anError(403, "Forbidden")],
    ["a server in trouble", anError(500, "InternalError", "etcdserver: leader changed")],
    ["no server", anError(0, "NotConnected")],
  ])("%s is an error", async (_, error) => {
    const { client } = new Answers(error);
    await expect(mergeStatus(client, ADDRESS, CHANGE, asIs)).rejects.toBe(error);
  });
});

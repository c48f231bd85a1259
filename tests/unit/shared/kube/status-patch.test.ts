import { describe, expect, test } from "vitest";
import { asIs, type KubeClient } from "../../../../shared/kube/client.ts";
import { valueAt } from "../../../../shared/kube/json-value.ts";
import { KubeError } from "../../../../shared/kube/kube-error.ts";
import type { Patch } from "../../../../shared/kube/patch.ts";
import { mergeStatus, patchStatusWithTest, writeLatestStatus } from "../../../../shared/kube/status-patch.ts";

const ADDRESS = {
  resource: { group: "g", version: "v1", plural: "things", namespaced: true },
  namespace: "demo",
  name: "a",
};
const SPEC = { hosts: [{ hostname: "a", phase: "Pending" }] };

/** Takes patches and answers as it is told; what patches really do is checked against the API server. */
class Answers {
  readonly patches: Patch[] = [];
  readonly found: unknown[];
  #errors: (KubeError | undefined)[];

  constructor(errors: readonly (KubeError | undefined)[], found: readonly unknown[] = []) {
    this.#errors = [...errors];
    this.found = [...found];
  }

  readonly client: Pick<KubeClient, "patchStatus" | "find"> = {
    patchStatus: async (_resource, _namespace, _name, patch, parse) => {
      this.patches.push(patch);
      const error = this.#errors.shift();
      if (error !== undefined) throw error;
      return parse("patched");
    },
    find: async (_resource, _namespace, _name, parse) => {
      const next = this.found.shift();
      return next === undefined ? undefined : parse(next);
    },
  };
}

function anError(status: number, reason: string, causes: readonly { field: string }[] = []): KubeError {
  const full = causes.map(({ field }) => ({ field, reason: undefined, message: undefined }));
  return new KubeError({ action: "patch", status, reason, detail: "d", causes: full });
}

describe("a status that one program writes", () => {
  test("is not written when nothing changes", async () => {
    const { client, patches } = new Answers([]);
    expect(await mergeStatus(client, ADDRESS, { before: SPEC, after: structuredClone(SPEC) }, asIs)).toEqual({
      kind: "unchanged",
    });
    expect(patches).toEqual([]);
  });

  test("is written as the fields that change, bound to a version where one is given", async () => {
    const { client, patches } = new Answers([]);
    const change = { before: { phase: "a", same: 1 }, after: { phase: "b", same: 1 }, resourceVersion: "7" };
    expect(await mergeStatus(client, ADDRESS, change, asIs)).toEqual({ kind: "written", object: "patched" });
    expect(patches).toEqual([{ kind: "merge", body: { metadata: { resourceVersion: "7" }, status: { phase: "b" } } }]);
  });
});

describe("a status of several writers", () => {
  const change = { before: SPEC, after: { hosts: [{ hostname: "a", phase: "Running" }] } };
  const guards = [{ path: "/status/hosts/0/hostname", value: "a" }];

  test("is written behind tests of the guards and of what it changes", async () => {
    const { client, patches } = new Answers([]);
    await patchStatusWithTest(client, ADDRESS, { ...change, guards }, asIs);
    expect(patches).toEqual([
      {
        kind: "json",
        operations: [
          { op: "test", path: "/status/hosts/0/hostname", value: "a" },
          { op: "test", path: "/status/hosts/0/phase", value: "Pending" },
          { op: "replace", path: "/status/hosts/0/phase", value: "Running" },
        ],
      },
    ]);
  });

  test.each([
    ["a failed test", anError(422, "Invalid"), "conflict"],
    ["a conflict", anError(409, "Conflict"), "conflict"],
    ["an object that is gone", anError(404, "NotFound"), "gone"],
  ])("%s is an outcome, no error", async (_, error, kind) => {
    const { client } = new Answers([error]);
    expect(await patchStatusWithTest(client, ADDRESS, change, asIs)).toMatchObject({ kind });
  });

  test.each([
    ["an invalid status", anError(422, "Invalid", [{ field: "status.hosts[0].phase" }])],
    ["missing rights", anError(403, "Forbidden")],
  ])("%s is an error", async (_, error) => {
    const { client } = new Answers([error]);
    await expect(patchStatusWithTest(client, ADDRESS, change, asIs)).rejects.toBe(error);
  });
});

describe("a status that is decided on the newest object", () => {
  const decide = (object: unknown) => ({ before: valueAt(object, "status"), after: { phase: "Done" } });

  test("is decided anew on each conflict", async () => {
    const conflict = anError(422, "Invalid");
    const { client, patches } = new Answers(
      [conflict, undefined],
      [{ status: { phase: "a" } }, { status: { phase: "b" } }],
    );
    expect(await writeLatestStatus(client, ADDRESS, asIs, decide)).toMatchObject({ kind: "written" });
    const tested = patches.map((patch) => (patch.kind === "json" ? patch.operations[0] : undefined));
    expect(tested).toMatchObject([{ value: "a" }, { value: "b" }]);
  });

  test("gives up after five conflicts", async () => {
    const conflict = anError(409, "Conflict");
    const answers = new Answers(Array(9).fill(conflict), Array(9).fill({ status: { phase: "a" } }));
    expect(await writeLatestStatus(answers.client, ADDRESS, asIs, decide)).toMatchObject({ kind: "conflict" });
    expect(answers.patches).toHaveLength(5);
  });

  test("is merged into an object that has none yet, and not written to one that is gone", async () => {
    const { client, patches } = new Answers([], [{}]);
    expect(await writeLatestStatus(client, ADDRESS, asIs, decide)).toMatchObject({ kind: "written" });
    expect(patches).toEqual([{ kind: "merge", body: { status: { phase: "Done" } } }]);
    expect(await writeLatestStatus(client, ADDRESS, asIs, decide)).toEqual({ kind: "gone" });
  });
});

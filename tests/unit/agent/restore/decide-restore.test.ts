import { describe, expect, test } from "vitest";
import { parseRestore } from "../../../../agent/parse/restore.ts";
import { decideRestore, GONE_GRACE_MS, type RestoreFacts } from "../../../../agent/restore/decide-restore.ts";

const SELF = { targetKey: "Deployment/demo/web", podName: "web-1", podUid: "uid-1" };
const POD: RestoreFacts["pod"] = {
  name: "web-1",
  namespace: "demo",
  uid: "uid-1",
  ip: undefined,
  nodeName: undefined,
  ordinal: undefined,
};

function present(spec: object, status: object): RestoreFacts["state"] {
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };
  const object = {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "RestoreBatch",
    metadata: { name: "back", namespace: "demo", uid: "uid-restore", resourceVersion: "1" },
    spec: { repository: { name: "store" }, members: [{ target: { ref } }], ...spec },
    status: { members: [{ ref, ...status }], ...status },
  };
  return { kind: "present", object: parseRestore(object) };
}

function decide(facts: Partial<RestoreFacts>) {
  return decideRestore({ state: { kind: "gone" }, self: SELF, pod: POD, onMissing: "StartLater", goneMs: 0, ...facts });
}

describe("an init-container whose restore is deleted", () => {
  test("waits a little, since who makes it anew must not let the application slip through", () => {
    expect(decide({ goneMs: GONE_GRACE_MS - 1 })).toMatchObject({ kind: "wait" });
  });

  test("then lets the application start: a deleted restore blocks nobody", () => {
    expect(decide({ goneMs: GONE_GRACE_MS })).toMatchObject({ kind: "start" });
  });

  test("starts at once where the flag says so, and fails as a job", () => {
    expect(decide({ onMissing: "Start" })).toMatchObject({ kind: "start" });
    expect(decide({ onMissing: "Fail", goneMs: GONE_GRACE_MS })).toMatchObject({ kind: "fail" });
  });

  test("holds as before when it is back", () => {
    expect(decide({ state: present({}, {}) })).toMatchObject({ kind: "wait" });
  });
});

describe("an init-container whose restore failed", () => {
  const failed = { phase: "Failed" };

  test("L37: waits, and says why", () => {
    expect(decide({ state: present({}, failed) })).toEqual({ kind: "wait", why: "the restore failed: phase Failed" });
  });

  test("starts the application when the restore says onFailure: Start", () => {
    expect(decide({ state: present({ onFailure: "Start" }, failed) })).toMatchObject({ kind: "start" });
  });
});

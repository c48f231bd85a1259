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
  return decideRestore({
    state: { kind: "gone" },
    self: SELF,
    pod: POD,
    onMissing: "StartLater",
    goneMs: 0,
    begun: undefined,
    ...facts,
  });
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

  test("fails for good, with the next step, where this pod had begun to write", () => {
    const begun = { restore: "RestoreBatch demo/back", hostname: "web", onFailure: "Hold" } as const;
    expect(decide({ begun, goneMs: GONE_GRACE_MS - 1 })).toMatchObject({ kind: "wait" });
    const decision = decide({ begun, goneMs: GONE_GRACE_MS });
    expect(decision).toMatchObject({ kind: "fail" });
    expect(decision).toHaveProperty(
      "why",
      "the restore object does not exist any more; RestoreBatch demo/back had begun to write the data of host web, which is not whole now (next: restore it again, or delete this pod to start the application on what there is)",
    );
  });

  test("starts the application on half-restored data only where the restore said onFailure: Start", () => {
    const begun = { restore: "RestoreBatch demo/back", hostname: "web", onFailure: "Start" } as const;
    expect(decide({ begun, goneMs: GONE_GRACE_MS })).toMatchObject({ kind: "start" });
  });

  test("fails likewise when its member is taken out of the restore", () => {
    const begun = { restore: "RestoreBatch demo/back", hostname: "web", onFailure: "Hold" } as const;
    expect(decide({ begun, state: present({ members: [] }, {}) })).toMatchObject({ kind: "fail" });
    expect(decide({ state: present({ members: [] }, {}) })).toMatchObject({ kind: "start" });
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

test("an init-container that waits tells what its restore says", () => {
  const waits = decide({ state: present({}, { phase: "Pending", message: "Repository demo/store does not exist" }) });
  expect(waits).toHaveProperty(
    "why",
    "the turn of this pod has not come yet; the restore says: Repository demo/store does not exist",
  );
  const invalid = decide({ state: present({}, { phase: "Invalid", message: "no recovery point" }) });
  expect(invalid).toEqual({ kind: "wait", why: "the restore failed: phase Invalid: no recovery point" });
});

import { expect, test } from "vitest";
import { isHold, releaseChange } from "../../../../reconciler/release/host-run.ts";
import { aHostRun } from "../../../support/objects/host-runs.ts";

const POD = {
  name: "web-1",
  namespace: "demo",
  uid: "uid-1",
  restoreInit: {
    serves: "RestoreBatch/back",
    target: { kind: "Deployment", namespace: "demo", name: "web" },
  },
};

test("a pod can be let go when its restore is gone: what it is told belongs to the pod", () => {
  const release = { mode: "IfWhole", message: "it is gone" } as const;
  expect(releaseChange(POD, undefined, undefined, release)).toMatchObject({
    kind: "create",
    object: {
      metadata: { labels: { "stash.appscode.com/pod-uid": "uid-1" }, ownerReferences: [{ kind: "Pod", uid: "uid-1" }] },
      spec: { run: { kind: "RestoreBatch", name: "back" }, pod: { name: "web-1", uid: "uid-1" }, release },
    },
  });
});

test("a pod that is held can be let go later, by the same host run", () => {
  const held = aHostRun({ spec: { release: { mode: "Never", message: "the restore failed" } } });
  expect(isHold(held)).toBe(true);
  const release = { mode: "IfWhole", message: "it is gone" } as const;
  expect(releaseChange(POD, undefined, held, release)).toMatchObject({ kind: "patch", spec: { release } });
});

import { expect, test } from "vitest";
import { buildCopy } from "../../../../cli/copy/build-object.ts";

test("what belongs to somebody else, or says something to us, stays where it is", () => {
  const raw = {
    metadata: {
      name: "shop",
      namespace: "demo",
      uid: "u",
      resourceVersion: "7",
      finalizers: ["stash.appscode.com"],
      ownerReferences: [{ kind: "BackupBlueprint" }],
      labels: { team: "a", "stash.appscode.com/copied-from-namespace": "x" },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}", note: "kept" },
    },
    spec: { schedule: "0 0 * * *" },
    status: { phase: "Ready" },
  };
  expect(buildCopy(raw, { apiVersion: "v1", kind: "Thing" }, "staging", ["spec"])).toEqual({
    apiVersion: "v1",
    kind: "Thing",
    metadata: { name: "shop", namespace: "staging", labels: { team: "a" }, annotations: { note: "kept" } },
    spec: { schedule: "0 0 * * *" },
  });
});

import { expect, test } from "vitest";
import { parseBackupBlueprint } from "../../../../shared/api/backup-blueprint.ts";
import { findBlueprintSources } from "../../../../shared/injection/blueprint-source.ts";
import { readWorkload } from "../../../../shared/injection/workload.ts";
import { aWorkload } from "../../../support/webhook/objects.ts";

const ANNOTATIONS = {
  "stash.appscode.com/backup-blueprint": "kept",
  "stash.appscode.com/target-paths": "/data",
  "stash.appscode.com/volume-mounts": "data:/data",
};

function sourcesIn(namespace: string, labels: Readonly<Record<string, string>>) {
  const workload = readWorkload(aWorkload("Deployment", namespace, "web", { annotations: ANNOTATIONS }), namespace);
  if (workload === undefined) throw new Error("no workload");
  const blueprint = parseBackupBlueprint({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBlueprint",
    metadata: { name: "kept" },
    spec: {
      repoNamespace: "vault",
      allowedNamespaces: { from: "Selector", selector: { matchLabels: { team: "a" } } },
      backend: { storageSecretName: "s", s3: { endpoint: "e", bucket: "b" } },
      retentionPolicy: { name: "k", keepLast: 1, prune: true },
    },
  });
  const world = {
    namespace: (name: string) => (name === namespace ? { name, labels, annotations: {} } : undefined),
    blueprint: () => blueprint,
    repository: () => undefined,
  };
  return findBlueprintSources(world, workload, []);
}

test("S11: a workload is injected for a blueprint only where its namespace may use it", () => {
  expect(sourcesIn("demo", { team: "a" })[0]?.source?.repository?.metadata.namespace).toBe("vault");
  expect(sourcesIn("demo", { team: "b" })).toMatchObject([{ problem: { reason: "BlueprintNotAllowed" } }]);
  expect(sourcesIn("demo", {})[0]?.source).toBeUndefined();
});

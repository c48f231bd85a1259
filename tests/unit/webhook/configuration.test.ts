import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildMutatingConfiguration, buildValidatingConfiguration } from "../../../webhook/configuration.ts";
import { renderWebhookConfiguration } from "../../../webhook/render-configuration.ts";

const address = { kind: "url", url: "https://127.0.0.1:8443" } as const;
const mutating = buildMutatingConfiguration({ address, caBundle: "PEM" });
const byName = (name: string) => mutating.webhooks.find((webhook) => webhook.name.startsWith(name));

describe("the mutating configuration", () => {
  test("L36: sends creations and updates of all kinds; what asked by label fails closed, all else open", () => {
    const rules = [
      { resources: ["deployments", "statefulsets", "daemonsets"], operations: ["CREATE", "UPDATE"] },
      { resources: ["deploymentconfigs"], operations: ["CREATE", "UPDATE"] },
    ];
    expect(byName("labelled.")).toMatchObject({ failurePolicy: "Fail", rules });
    expect(byName("workloads.")).toMatchObject({ failurePolicy: "Ignore", rules });
  });

  test("sends each workload through one entry only", () => {
    const operators = ["labelled.", "workloads."].map((name) => {
      const webhook = byName(name);
      return webhook !== undefined && "objectSelector" in webhook ? webhook.objectSelector : undefined;
    });
    const key = "stash.appscode.com/backup-batch";
    expect(operators).toEqual([
      { matchExpressions: [{ key, operator: "Exists" }] },
      { matchExpressions: [{ key, operator: "DoesNotExist" }] },
    ]);
  });

  test("has no side effects, waits three seconds, and leaves out our own namespace and kube-system", () => {
    for (const webhook of mutating.webhooks) {
      expect(webhook).toMatchObject({ sideEffects: "None", timeoutSeconds: 3, matchPolicy: "Equivalent" });
      expect(webhook.admissionReviewVersions).toContain("v1");
    }
    expect(JSON.stringify(byName("workloads."))).toContain('"values":["kube-system","stash-batch"]');
  });

  test("holds the CA, and the path", () => {
    expect(mutating.webhooks[0]?.clientConfig).toEqual({
      url: "https://127.0.0.1:8443/mutate",
      caBundle: Buffer.from("PEM").toString("base64"),
    });
  });

  test("asks servers that can to keep what does not concern us", () => {
    const newer = buildMutatingConfiguration({ address, serverMinor: 30 });
    expect(newer.webhooks.map((webhook) => "matchConditions" in webhook)).toEqual([true, true, false]);
    expect(JSON.stringify(mutating)).not.toContain("matchConditions");
    expect(JSON.stringify(buildMutatingConfiguration({ address, serverMinor: 27 }))).not.toContain("matchConditions");
  });

  test("L86: calls the webhook itself, not an extension API server", () => {
    expect(renderWebhookConfiguration()).not.toContain("/apis/");
  });
});

test("invokers, new drills and agents' reports fail closed; sessions and host runs, which are made all the time, fail open", () => {
  const { webhooks } = buildValidatingConfiguration({ address });
  const policies = webhooks.flatMap(({ failurePolicy, rules }) =>
    rules.flatMap(({ resources, operations }) =>
      resources.map((resource) => [
        resource === "backupverificationsessions" ? `${operations} ${resource}` : resource,
        failurePolicy,
      ]),
    ),
  );
  expect(Object.fromEntries(policies)).toEqual({
    "hostruns/status": "Fail",
    hostruns: "Ignore",
    repositories: "Fail",
    backupconfigurations: "Fail",
    backupbatches: "Fail",
    restoresessions: "Fail",
    restorebatches: "Fail",
    backupblueprints: "Fail",
    backupverifiers: "Fail",
    appbindings: "Fail",
    backupsessions: "Ignore",
    "CREATE backupverificationsessions": "Fail",
    "UPDATE backupverificationsessions": "Ignore",
  });
});

test("the installed manifest is the generated one", () => {
  const file = join(import.meta.dirname, "../../../manifests/base/webhook-configuration.yaml");
  expect(readFileSync(file, "utf8")).toBe(renderWebhookConfiguration());
});

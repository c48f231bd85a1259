import { describe, expect, test } from "vitest";
import { hookJobName, hookOrder, planHookJob } from "../../../../reconciler/hooks/job.ts";
import type { HookRun } from "../../../../reconciler/hooks/plan.ts";
import { readLimitRange } from "../../../../shared/injection/limit-range.ts";
import { objectsAt } from "../../../../shared/injection/workload.ts";
import { valueAt } from "../../../../shared/json/value.ts";

const OWNER = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupSession",
  namespace: "demo",
  name: "nightly-1",
  uid: "uid-session",
};
const RUN: HookRun = {
  key: "uid-session/session/0",
  namespace: "demo",
  startedAt: "2024-04-30T02:00:00Z",
  handler: { exec: { command: ["id"] } },
  place: undefined,
  owner: OWNER,
  summary: {
    Name: "nightly-1",
    Namespace: "demo",
    Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupBatch", Name: "nightly" },
    Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
    Status: { Phase: "Failed", Duration: "3s", Error: "web failed" },
    RetryLeft: 1,
  },
  timeoutMs: 1_500,
};
const SETTINGS = { image: "stash-batch:1", nativeSidecar: false, followsImage: false };
const plan = planHookJob(OWNER, RUN, SETTINGS, []);
const podSpec = valueAt(plan.job, "spec", "template", "spec");

describe("S5: the job of a global hook", () => {
  test("is in the namespace of its run, belongs to it, and is tried once", () => {
    expect(plan.job).toMatchObject({
      metadata: {
        namespace: "demo",
        ownerReferences: [{ kind: "BackupSession", uid: "uid-session", controller: true }],
      },
      spec: { backoffLimit: 0, activeDeadlineSeconds: 302 },
    });
  });

  test("has an account of its own that may report and nothing else", () => {
    expect(valueAt(podSpec, "serviceAccountName")).toBe(plan.name);
    expect(plan.role["rules"]).toEqual([
      { apiGroups: ["stash.appscode.com"], resources: ["hostruns"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["stash.appscode.com"], resources: ["hostruns/status"], verbs: ["patch"] },
    ]);
    expect(plan.binding).toMatchObject({ subjects: [{ name: plan.name, namespace: "demo" }] });
  });

  test("mounts no data and no Secret, and meets Pod Security restricted", () => {
    expect(JSON.stringify(valueAt(podSpec, "volumes"))).not.toMatch(/secretName|persistentVolumeClaim|hostPath/);
    expect(podSpec).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        {
          args: ["global-hook"],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
          resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "1", memory: "1Gi" } },
        },
      ],
    });
  });

  test("C1: takes the installation's resources, as a LimitRange of its namespace lets them be", () => {
    const range = readLimitRange({
      spec: { limits: [{ type: "Container", min: { cpu: "40m" }, max: { memory: "1Mi" } }] },
    });
    const { job } = planHookJob(OWNER, RUN, SETTINGS, [range]);
    const [container] = objectsAt(job, "spec", "template", "spec", "containers");
    expect(container?.["resources"]).toEqual({ requests: { cpu: "40m" }, limits: { cpu: "1" } });
  });

  test("has another name for another hook, and fits", () => {
    expect(hookJobName(OWNER, "a")).not.toBe(hookJobName(OWNER, "b"));
    expect(hookJobName({ ...OWNER, name: "n".repeat(253) }, "a").length).toBeLessThanOrEqual(63);
  });
});

test("its order says what runs, for how long, and what templates see", () => {
  expect(hookOrder(OWNER, RUN, { name: "pod", uid: "uid-pod" })).toMatchObject({
    work: "Hook",
    pod: { name: "pod", uid: "uid-pod" },
    hooks: { before: RUN.handler },
    hookContext: { name: "nightly-1", phase: "Failed", error: "web failed", timeoutSeconds: 2 },
  });
});

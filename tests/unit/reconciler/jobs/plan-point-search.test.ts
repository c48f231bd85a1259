import { expect, test } from "vitest";
import { planPointSearch } from "../../../../reconciler/jobs/plan-point-search.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { listAt, textAt } from "../../../../shared/json/value.ts";
import { aRestore, containersOf, IMAGE, PVC_REF, podOf, repository } from "./builders.ts";

const SPEC = {
  target: {
    ref: PVC_REF,
    volumeMounts: [{ name: "files", mountPath: "/data" }],
    volumeClaimTemplates: [{ metadata: { name: "files" }, spec: { accessModes: ["ReadWriteOnce"] } }],
  },
  interimVolumeTemplate: { metadata: { name: "interim" }, spec: { accessModes: ["ReadWriteOnce"] } },
  runtimeSettings: {
    pod: { nodeSelector: { disk: "ssd" }, podLabels: { team: "a" } },
    container: { resources: { requests: { cpu: "10m" } } },
  },
};

test("the look for recovery points mounts the backend and nothing of the target, with the first member's settings", () => {
  const plan = planPointSearch(aRestore(SPEC, { ordinal: 0 }));
  expect(plan.name).toBe("stash-restore-back-points");
  expect(plan.claims).toEqual([]);
  expect(plan.job).toMatchObject({
    metadata: {
      labels: {
        "stash.appscode.com/job-owner": "uid-of-restore",
        "stash.appscode.com/job-target": "recovery-points",
      },
      ownerReferences: [{ kind: "RestoreSession", name: "back", uid: "uid-of-restore", controller: true }],
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 600,
      template: {
        metadata: { labels: { team: "a" } },
        spec: { nodeSelector: { disk: "ssd" }, restartPolicy: "Never" },
      },
    },
  });
  const [container] = containersOf(plan);
  expect(container).toMatchObject({
    image: IMAGE,
    args: ["find-recovery-points", "--invoker-kind=RestoreSession", "--invoker-name=back"],
    resources: { requests: { cpu: "10m" } },
    securityContext: { runAsUser: 65534, allowPrivilegeEscalation: false },
  });
  const volumes = listAt(podOf(plan), "volumes").map((volume) => textAt(volume, "name"));
  const mounts = listAt(container, "volumeMounts").map((mount) => textAt(mount, "name"));
  expect(mounts.filter((name) => !volumes.includes(name))).toEqual([]);
  expect(volumes).not.toContain("files");
  expect(textAt(container, "volumeMounts", "0", "mountPath")).not.toBe("/data");
});

test("a deadline that comes sooner ends the look", () => {
  const plan = planPointSearch(aRestore(SPEC, { deadlineSeconds: 30 }));
  expect(plan.job).toMatchObject({ spec: { activeDeadlineSeconds: 30 } });
});

test("restores whose long names begin alike have jobs of their own", () => {
  const names = ["a", "b"].map((last) => {
    const name = `${"x".repeat(200)}${last}`;
    const view = aRestore(SPEC);
    return planPointSearch({ ...view, owner: { ...view.owner, name, uid: last } }).name;
  });
  expect(new Set(names).size).toBe(2);
  expect(names.every((name) => name.length <= 63)).toBe(true);
});

test("a local backend that the restore's namespace can't reach is refused with the reason", () => {
  const backend = { local: { mountPath: "/safe", persistentVolumeClaim: { claimName: "store" } } };
  const elsewhere = parseRepository({
    ...repository,
    metadata: { name: "repo", namespace: "other" },
    spec: { backend },
  });
  expect(() => planPointSearch(aRestore(SPEC, { repository: elsewhere }))).toThrow(/RestoreSession demo\/back/);
});

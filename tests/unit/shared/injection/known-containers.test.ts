/** A container is taken from memory only while everything that it was built from is the same. */
import { expect, test } from "vitest";
import { planInjection } from "../../../../shared/injection/plan.ts";
import type { InjectionView } from "../../../../shared/injection/view.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { aBackup, aDeployment, aRepository, aRestore, aView, SETTINGS } from "../../webhook/builders.ts";

const backup = aBackup();
const restore = aRestore();
const view = aView({ backups: [backup], restores: [restore] });
const other = aBackup({ name: "second", spec: { tempDir: { medium: "Memory" } } });
const elsewhere = aRepository({
  spec: { backend: { storageSecretName: "another", s3: { endpoint: "s", bucket: "b" } } },
});

test("the same review twice gets the very same containers", () => {
  const [first, second] = [planInjection(view), planInjection({ ...view })];
  expect(second.backup?.container).toBe(first.backup?.container);
  expect(second.restore?.container).toBe(first.restore?.container);
  expect(second).toEqual(first);
});

function ofPod(securityContext: JsonObject): InjectionView["workload"] {
  return aView({ workload: aDeployment({ podSpec: { securityContext } }) }).workload;
}

const changes: readonly (readonly [string, Partial<InjectionView>])[] = [
  ["another Repository", { backups: [{ ...backup, repository: elsewhere }] }],
  ["a changed invoker", { backups: [aBackup({ target: { volumeMounts: [{ name: "data", mountPath: "/other" }] } })] }],
  ["one invoker more", { backups: [backup, other] }],
  ["other settings", { settings: { ...SETTINGS, nativeSidecar: true } }],
  ["another user", { workload: ofPod({ runAsUser: 77 }) }],
  ["a pod that forbids root", { workload: ofPod({ runAsNonRoot: true }) }],
];

test.each(changes)("%s gets the container that it would have got first", (_name, change) => {
  const changed: InjectionView = { ...view, ...change };
  const unremembered = structuredClone(changed);
  const before = planInjection(view);
  const after = planInjection(changed);
  expect(after.backup).toEqual(planInjection(unremembered).backup);
  expect(after.backup?.hash).not.toBe(before.backup?.hash);
  expect(planInjection(view).backup).toEqual(before.backup);
});

test.each([
  [
    "a limit of what the pod may store",
    { containers: [{ name: "app", resources: { limits: { "ephemeral-storage": "1Gi" } } }] },
  ],
  ["resources of the pod itself", { resources: { limits: { cpu: "2" } } }],
])("%s, which is no part of the hash, is no other's", (_name, podSpec) => {
  const { workload } = aView({ workload: aDeployment({ podSpec }) });
  const before = planInjection(view);
  const after = planInjection({ ...view, workload });
  expect(after.backup?.container["resources"]).not.toEqual(before.backup?.container["resources"]);
  expect(after).toEqual(planInjection(structuredClone({ ...view, workload })));
  expect(planInjection(view)).toEqual(before);
});

import { expect, test } from "vitest";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { aBackup, aDeployment, aRestore, aView } from "../../webhook/builders.ts";

const volumeMounts = [{ name: "data", mountPath: "/data" }];
const whole = { limits: { cpu: "2", memory: "1Gi" }, requests: { cpu: "2000m", memory: "1024Mi" } };

function warningsOf(resources: object, more: { readonly pod?: object; readonly asked?: string } = {}) {
  const containers = [{ name: "app", image: "app:1", resources, volumeMounts }];
  const podSpec = { containers, ...(more.pod !== undefined && { resources: more.pod }) };
  const annotations = more.asked === undefined ? {} : { "stash.appscode.com/resources": more.asked };
  const workload = aDeployment({ metadata: { annotations }, podSpec });
  const { warnings } = planInjection(aView({ workload, backups: [aBackup()] }));
  return warnings.filter((text) => text.includes("are Guaranteed"));
}

test.each([
  ["is told", whole, {}, 1],
  ["is told where limits alone are said", { limits: whole.limits }, {}, 1],
  [
    "is not lost with a sidecar of limits as high as its requests",
    whole,
    { asked: "limits.cpu=100m,limits.memory=256Mi" },
    0,
  ],
  ["was none where a request is lower", { ...whole, requests: { cpu: "1" } }, {}, 0],
  ["was none without a limit", { limits: { cpu: "1" } }, {}, 0],
  ["was none without anything", {}, {}, 0],
  ["is the pod's own where it has resources of its own", whole, { pod: whole }, 0],
] as const)("C07: that a pod loses its guarantee %s", (_what, resources, more, count) => {
  expect(warningsOf(resources, more)).toHaveLength(count);
});

test("C07: the init-container of a restore takes it as well", () => {
  const containers = [{ name: "app", image: "app:1", resources: whole, volumeMounts }];
  const { warnings } = planInjection(
    aView({ workload: aDeployment({ podSpec: { containers } }), restores: [aRestore()] }),
  );
  expect(warnings.filter((text) => text.includes("are Guaranteed"))).toHaveLength(1);
});

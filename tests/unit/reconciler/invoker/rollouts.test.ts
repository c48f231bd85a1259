import { describe, expect, test } from "vitest";
import { isRolling, Rollouts } from "../../../../reconciler/invoker/rollouts.ts";
import { readWorkloadObject } from "../../../../reconciler/world/workload-object.ts";

interface State {
  readonly spec?: object;
  readonly status?: object;
}

const DONE = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };

function aWorkload({ spec = {}, status = {} }: State = {}) {
  const workload = readWorkloadObject("Deployment", {
    metadata: { namespace: "demo", name: "web", generation: 2 },
    spec: { replicas: 2, template: { spec: { containers: [] } }, ...spec },
    status: { ...DONE, ...status },
  });
  if (workload === undefined) throw new Error("no workload");
  return workload;
}

describe("a workload is rolling out", () => {
  test.each<[string, State]>([
    ["its controller has not seen the template", { status: { observedGeneration: 1 } }],
    ["not all pods are of the new template", { status: { updatedReplicas: 1 } }],
    ["not all are ready", { status: { readyReplicas: 1 } }],
  ])("D24: while %s", (_what, state) => {
    expect(isRolling(aWorkload(state))).toBe(true);
  });

  test.each<[string, State]>([
    ["it has", {}],
    ["it is scaled to nothing", { spec: { replicas: 0 }, status: { updatedReplicas: 0, readyReplicas: 0 } }],
    ["it is paused", { spec: { paused: true }, status: { updatedReplicas: 0 } }],
    [
      "somebody replaces its pods by hand",
      { spec: { strategy: { type: "OnDelete" } }, status: { updatedReplicas: 0 } },
    ],
  ])("D24: not when %s", (_what, state) => {
    expect(isRolling(aWorkload(state))).toBe(false);
  });
});

describe("of many workloads that are to be re-submitted", () => {
  const rolling = aWorkload({ status: { updatedReplicas: 0 } });

  test("D24: only so many roll out at the same time; each that ends makes room for one", () => {
    const workloads = new Map(Array.from({ length: 100 }, (_, at) => [`w${at}`, aWorkload()]));
    const rollouts = new Rollouts(5);
    let most = 0;
    for (let round = 0, next = 0; next < 100; round += 1) {
      while (next < 100 && rollouts.hasRoom((target) => workloads.get(target), round)) {
        workloads.set(`w${next}`, rolling);
        rollouts.begin(`w${next}`, round);
        next += 1;
      }
      const atWork = [...workloads].filter(([, workload]) => workload === rolling);
      most = Math.max(most, atWork.length);
      const [first] = atWork;
      if (first !== undefined) workloads.set(first[0], aWorkload());
    }
    expect(most).toBe(5);
  });

  test("D24: one that is stuck, or gone, keeps the others waiting for a while at most", () => {
    const rollouts = new Rollouts(1);
    rollouts.begin("stuck", 0);
    expect(rollouts.hasRoom(() => rolling, 299_000)).toBe(false);
    expect(rollouts.hasRoom(() => rolling, 300_000)).toBe(true);
    rollouts.begin("gone", 0);
    expect(rollouts.hasRoom(() => undefined, 1)).toBe(true);
  });
});

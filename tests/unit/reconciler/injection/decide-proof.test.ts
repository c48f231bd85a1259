import { describe, expect, test } from "vitest";
import {
  addedAmounts,
  type CountedPods,
  countPods,
  decideProof,
  isReplacedInPlace,
  type ProofView,
} from "../../../../reconciler/injection/decide-proof.ts";
import { readQuota } from "../../../../reconciler/world/quota-object.ts";
import { aWorkload } from "./builders.ts";

const quota = (hard: object, used: object, spec: object = {}) =>
  readQuota({ metadata: { namespace: "demo", name: "team" }, spec, status: { hard, used } });
const refused = (words: string) => ({ kind: "Refused", words }) as const;
const FULL = 'pods "web-dry-run" is forbidden: exceeded quota: team, requested: requests.cpu=1';

/** What a quota says to a pod that asks for so many MiB. */
const exceeded = (mebibytes: number) =>
  `pods "web-dry-run" is forbidden: exceeded quota: team, requested: limits.cpu=1,requests.memory=${mebibytes}Mi, used: limits.cpu=1,requests.memory=130Mi, limited: limits.cpu=1,requests.memory=200Mi`;
const aPodOf = (...memory: readonly string[]) => ({
  spec: { containers: memory.map((amount) => ({ resources: { requests: { memory: amount } } })) },
});

const bare = { answer: refused("no account"), without: refused("no account") };

const view: ProofView = {
  answer: { kind: "Taken" },
  added: new Map([["requests.memory", 64 * 2 ** 20]]),
  pods: 3,
  counted: { present: 3, missing: 0 },
  isReplacedInPlace: false,
  quotas: [],
};

describe("whether the cluster takes pods with the sidecar", () => {
  test.each<[string, Partial<ProofView>, string | undefined]>([
    ["taken", {}, undefined],
    [
      "taken, with room for all",
      { quotas: [quota({ "requests.memory": "1Gi" }, { "requests.memory": "832Mi" })] },
      undefined,
    ],
    [
      "taken, without room for all pods",
      { quotas: [quota({ "requests.memory": "1Gi" }, { "requests.memory": "833Mi" })] },
      "quota team has requests.memory 1Gi, of which 833Mi are used: the sidecars of 3 pods do not fit",
    ],
    ["taken, and another resource is used up", { quotas: [quota({ pods: "3" }, { pods: "3" })] }, undefined],
    [
      "taken, and the quota counts other pods",
      { quotas: [quota({ "requests.memory": "1" }, {}, { scopes: ["BestEffort"] })] },
      undefined,
    ],
    ["refused with and without it, and there is no pod", { ...bare, pods: 0 }, undefined],
    ["refused with and without it, and pods run", bare, "no account"],
    [
      "refused for the sidecar alone, and there is no pod",
      { answer: refused("root"), without: { kind: "Taken" }, pods: 0 },
      "root",
    ],
    ["refused by a policy", { answer: refused("root"), isReplacedInPlace: true }, "root"],
    [
      "refused since the old pod is there, and goes first",
      { answer: refused(FULL), isReplacedInPlace: true },
      undefined,
    ],
    [
      "refused between the old pod's end and the next one's beginning",
      { answer: refused(exceeded(96)), isReplacedInPlace: true, pods: 0, counted: { present: 0, missing: 1 } },
      exceeded(96),
    ],
    [
      "refused, and scaled to none, so that nobody makes room",
      { answer: refused(exceeded(96)), isReplacedInPlace: true, pods: 0, counted: { present: 0, missing: 0 } },
      exceeded(96),
    ],
    [
      "taken, and the pods that are missing for a moment have room without it alone",
      {
        answer: { kind: "Taken", pod: aPodOf("32Mi", "64Mi") },
        pods: 0,
        counted: { present: 0, missing: 2 },
        quotas: [quota({ "requests.memory": "150Mi" }, { "requests.memory": "0" })],
      },
      "quota team has requests.memory 150Mi, of which 0 are used: the sidecars of 2 pods do not fit",
    ],
    [
      "taken, and there is room for the pods that are missing too",
      {
        answer: { kind: "Taken", pod: aPodOf("32Mi", "64Mi") },
        pods: 0,
        counted: { present: 0, missing: 2 },
        quotas: [quota({ "requests.memory": "192Mi" }, { "requests.memory": "0" })],
      },
      undefined,
    ],
    ["refused since the old pod is there, and goes last", { answer: refused(FULL) }, FULL],
    [
      "refused, and has no room when the old pod is gone",
      {
        answer: refused(FULL),
        isReplacedInPlace: true,
        quotas: [quota({ "requests.memory": "1Gi" }, { "requests.memory": "1Gi" })],
      },
      FULL,
    ],
    [
      "refused, and pods get more than the template says, which has no room when the old pod is gone",
      {
        answer: refused(exceeded(112)),
        without: refused(exceeded(32)),
        isReplacedInPlace: true,
        pods: 1,
        counted: { present: 1, missing: 0 },
        quotas: [quota({ "requests.memory": "200Mi" }, { "requests.memory": "130Mi" })],
      },
      exceeded(112),
    ],
    [
      "refused, and a pod without it, which is taken, shows that the sidecar gets more than the template says",
      {
        answer: refused(exceeded(112)),
        without: { kind: "Taken", pod: aPodOf("24Mi", "8Mi") },
        isReplacedInPlace: true,
        pods: 1,
        counted: { present: 1, missing: 0 },
        quotas: [quota({ "requests.memory": "200Mi" }, { "requests.memory": "130Mi" })],
      },
      exceeded(112),
    ],
    [
      "refused, and pods get less than the template says, which has room when the old pod is gone",
      {
        answer: refused(exceeded(48)),
        without: refused(exceeded(32)),
        isReplacedInPlace: true,
        pods: 1,
        counted: { present: 1, missing: 0 },
        quotas: [quota({ "requests.memory": "200Mi" }, { "requests.memory": "180Mi" })],
      },
      undefined,
    ],
    [
      "refused, and a quota counts only some pods",
      {
        answer: refused(FULL),
        isReplacedInPlace: true,
        quotas: [quota({ pods: "1" }, {}, { scopes: ["BestEffort"] })],
      },
      FULL,
    ],
    [
      "refused by a quota for what it does not say",
      { answer: refused("failed quota: team: must specify limits.cpu"), isReplacedInPlace: true },
      "failed quota: team: must specify limits.cpu",
    ],
  ])("when it is %s", (_when, facts, words) => {
    const decision = decideProof({ ...view, ...facts });
    expect(decision).toEqual(words === undefined ? { kind: "Passed" } : refused(words));
  });

  test("what a sidecar takes of quotas is what it has more than the one before", () => {
    const before = { resources: { requests: { cpu: "10m" } } };
    const after = { resources: { requests: { cpu: "30m", memory: "64Mi" }, limits: { cpu: "1" } } };
    expect(Object.fromEntries(addedAmounts(after, before))).toEqual({
      "requests.cpu": expect.closeTo(0.02, 9),
      cpu: expect.closeTo(0.02, 9),
      "requests.memory": 64 * 2 ** 20,
      memory: 64 * 2 ** 20,
      "limits.cpu": 1,
    });
    expect(addedAmounts({ resources: {} }, undefined).size).toBe(0);
  });

  test.each([
    ["StatefulSet", {}, true],
    ["DaemonSet", { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0 } } }, true],
    ["DaemonSet", { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "10%" } } }, false],
    ["Deployment", { strategy: { type: "Recreate" } }, true],
    ["Deployment", { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%" } } }, false],
    ["Deployment", { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "50%" } } }, true],
    ["Deployment", { strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } }, true],
  ] as const)("a %s with %j ends a pod before the next: %s", (kind, spec, isFirst) => {
    const status = { desiredNumberScheduled: 2 };
    expect(isReplacedInPlace(aWorkload({ kind, spec, status }))).toBe(isFirst);
  });

  test.each<[string, object, object, CountedPods]>([
    ["all are there", {}, { replicas: 2, updatedReplicas: 2 }, { present: 2, missing: 0 }],
    ["one was deleted", {}, { replicas: 1, updatedReplicas: 1 }, { present: 1, missing: 1 }],
    ["the first revision is being replaced", {}, { replicas: 2, updatedReplicas: 0 }, { present: 0, missing: 2 }],
    [
      "a new template was not looked at yet",
      {},
      { replicas: 2, updatedReplicas: 2, observedGeneration: 1 },
      { present: 0, missing: 2 },
    ],
    [
      "nobody replaces the former ones",
      { paused: true },
      { replicas: 2, updatedReplicas: 0 },
      { present: 2, missing: 0 },
    ],
    [
      "the next one comes first",
      { strategy: { type: "RollingUpdate" } },
      { replicas: 3, updatedReplicas: 1 },
      { present: 3, missing: 0 },
    ],
  ])("quotas count the pods of a workload when %s", (_when, spec, status, expected) => {
    const workload = aWorkload({ spec: { strategy: { type: "Recreate" }, ...spec }, status });
    expect(countPods(workload, 2)).toEqual(expected);
  });
});

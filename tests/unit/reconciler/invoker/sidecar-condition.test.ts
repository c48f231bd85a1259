import { describe, expect, test } from "vitest";
import { newRecord } from "../../../../reconciler/injection/record.ts";
import { sidecarCondition, whyKept } from "../../../../reconciler/invoker/sidecar-condition.ts";
import { aPlan, aPod, aWorkload, HASH, IMAGE, noPlan, sidecarFacts } from "../injection/builders.ts";

const missing = { workload: aWorkload(), pods: [] };
const problem = { reason: "VolumeMissing", message: "volume data is not there", next: "Name a volume." } as const;

const refusal = { origin: "o", words: "exceeded quota: team", times: 1, notBeforeMs: 0 };

describe("the condition StashSidecarInjected", () => {
  test.each([
    ["every pod carries it", {}, "True", "SidecarInjectionSucceeded"],
    [
      "it is scaled to zero",
      { workload: aWorkload({ applied: HASH, spec: { replicas: 0 }, status: { replicas: 0 } }), pods: [] },
      "True",
      "SidecarInjectionSucceeded",
    ],
    [
      "pods are missing",
      {
        workload: aWorkload({ applied: HASH, status: { replicas: 0 } }),
        pods: [],
        trouble: { kind: "NotMade", words: "2 of 2 pods are missing" },
      },
      "False",
      "SidecarInjectionPending",
    ],
    [
      "it keeps pods from being ready",
      { trouble: { kind: "NotReady", words: "pod web-0: container stash: ErrImagePull" } },
      "False",
      "SidecarInjectionPending",
    ],
    [
      "the cluster refuses pods with another one than they have",
      { workload: aWorkload({ applied: "other" }), refusal },
      "False",
      "InjectionRefusedByCluster",
    ],
    [
      "the cluster refuses pods with it",
      { ...missing, wanted: { plan: noPlan("InjectionRefusedByCluster"), isOptedOut: false, image: IMAGE }, refusal },
      "False",
      "InjectionRefusedByCluster",
    ],
    ["annotations can't be read", { unreadable: "volume-mounts is wrong" }, "False", "AnnotationInvalid"],
    ["it is opted out", { wanted: { plan: aPlan(), isOptedOut: true, image: IMAGE } }, "False", "OptedOut"],
    [
      "a volume is missing",
      { ...missing, wanted: { plan: noPlan("VolumeMissing", [problem]), isOptedOut: false, image: IMAGE } },
      "False",
      "VolumeMissing",
    ],
    [
      "the Repository is missing",
      { wanted: { plan: noPlan("RepositoryMissing"), isOptedOut: false, image: IMAGE } },
      "False",
      "RepositoryMissing",
    ],
    [
      "it serves others, and this member not as it wants",
      {
        invoker: "BackupConfiguration demo/beta",
        wanted: {
          plan: aPlan({ problems: [{ ...problem, reason: "MountTaken", invoker: "BackupConfiguration demo/beta" }] }),
          isOptedOut: false,
          image: IMAGE,
        },
      },
      "False",
      "MountTaken",
    ],
    [
      "it serves this member, and another one not as that wants",
      {
        invoker: "BackupConfiguration demo/alpha",
        wanted: {
          plan: aPlan({ problems: [{ ...problem, reason: "MountTaken", invoker: "BackupConfiguration demo/beta" }] }),
          isOptedOut: false,
          image: IMAGE,
        },
      },
      "True",
      "SidecarInjectionSucceeded",
    ],
    ["it was not asked for yet", missing, "False", "SidecarInjectionPending"],
    ["the template has another one", { workload: aWorkload({ applied: "other" }) }, "False", "SidecarInjectionPending"],
    [
      "one request had no effect",
      { ...missing, record: { ...newRecord(HASH), vainRequests: 1 } },
      "False",
      "SidecarInjectionPending",
    ],
    [
      "requests have no effect",
      { ...missing, record: { ...newRecord(HASH), vainRequests: 2 } },
      "False",
      "SidecarInjectionFailed",
    ],
    [
      "the API server refuses",
      { ...missing, record: { ...newRecord(HASH), refusal: "quota" } },
      "False",
      "SidecarInjectionFailed",
    ],
    [
      "others undo it",
      { ...missing, record: { ...newRecord(HASH), conflict: { manager: "argo", untilMs: 1 } } },
      "False",
      "InjectionConflict",
    ],
    [
      "the rollout has not begun",
      { workload: aWorkload({ applied: HASH, metadata: { generation: 3 } }) },
      "False",
      "SidecarInjectionPending",
    ],
    ["the rollout goes on", { pods: [aPod("web-1", HASH)] }, "False", "SidecarInjectionPending"],
    [
      "pods carry a former one",
      { pods: [aPod("web-0", "other"), aPod("web-1", HASH)] },
      "False",
      "SidecarInjectionPending",
    ],
  ] as const)("when %s", (_when, facts, status, reason) => {
    expect(sidecarCondition(sidecarFacts(facts))).toMatchObject({ type: "StashSidecarInjected", status, reason });
  });

  test("L24: an update strategy that keeps pods is told, with the pods by name", () => {
    const strategies = [{ type: "OnDelete" }, { type: "RollingUpdate", rollingUpdate: { partition: 1 } }];
    for (const updateStrategy of strategies) {
      const workload = aWorkload({ kind: "StatefulSet", applied: HASH, spec: { updateStrategy } });
      const condition = sidecarCondition(sidecarFacts({ workload, pods: [aPod("web-1", HASH)], keptPods: ["web-0"] }));
      expect(condition).toMatchObject({ status: "False", reason: "SidecarWaitsForPodRestart" });
      expect(condition.message).toContain("web-0 lack the container until they are restarted");
    }
  });

  test("many pods are not all named", () => {
    const workload = aWorkload({
      kind: "StatefulSet",
      applied: HASH,
      spec: { updateStrategy: { type: "OnDelete" } },
      status: { replicas: 40 },
    });
    const keptPods = Array.from({ length: 38 }, (_, index) => `web-${index}`);
    expect(sidecarCondition(sidecarFacts({ workload, keptPods })).message).toContain("web-9 and 28 more");
  });

  test("a paused Deployment keeps its pods too", () => {
    expect(whyKept(aWorkload({ spec: { paused: true } }))).toBe("is paused");
    expect(whyKept(aWorkload())).toBeUndefined();
    expect(
      whyKept(aWorkload({ kind: "StatefulSet", spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } })),
    ).toBeUndefined();
  });

  test("a problem tells what to do", () => {
    const wanted = { plan: noPlan("VolumeMissing", [problem]), isOptedOut: false, image: IMAGE };
    expect(sidecarCondition(sidecarFacts({ ...missing, wanted })).message).toBe(
      "volume data is not there (next: Name a volume.)",
    );
  });

  test("C1, C08: has the cluster's own words, of missing pods as of a refusal", () => {
    const trouble = { kind: "NotMade", words: "must specify limits.cpu" } as const;
    expect(sidecarCondition(sidecarFacts({ trouble })).message).toContain("must specify limits.cpu");
    const held = { ...missing, wanted: { plan: noPlan("InjectionRefusedByCluster"), isOptedOut: false, image: IMAGE } };
    expect(sidecarCondition(sidecarFacts({ ...held, refusal })).message).toContain("exceeded quota: team");
  });

  test("keeps the words that the process before this one heard", () => {
    const held = sidecarFacts({
      ...missing,
      wanted: { plan: noPlan("InjectionRefusedByCluster"), isOptedOut: false, image: IMAGE },
    });
    const before = {
      type: "StashSidecarInjected",
      status: "False",
      message: "ImagePullBackOff",
      lastTransitionTime: "2024-04-30T00:00:00Z",
    } as const;
    const known = [{ ...before, reason: "InjectionRefusedByCluster" }];
    expect(sidecarCondition(held, known).message).toBe("ImagePullBackOff");
    const other = [{ ...before, reason: "SidecarInjectionPending" }];
    expect(sidecarCondition(held, other).message).not.toContain("ImagePullBackOff");
  });

  test("D9: of an image that can't be pulled tells which Secret helps", () => {
    const words = "pod web-0: container stash: ImagePullBackOff: no basic auth credentials";
    const held = { ...missing, wanted: { plan: noPlan("InjectionRefusedByCluster"), isOptedOut: false, image: IMAGE } };
    const message = (pullSecrets: readonly string[]) =>
      sidecarCondition(sidecarFacts({ ...held, refusal: { ...refusal, words }, pullSecrets })).message;
    expect(message(["stash-pull-0"])).toContain("add stash-pull-0 to imagePullSecrets");
    expect(message([])).toContain("pull-secrets of the installation");
  });
});

import { describe, expect, test } from "vitest";
import type { ContainerSecurityContext } from "../../../../shared/api/kubernetes/pod.ts";
import { buildSecurityContext, decideRunsAs } from "../../../../shared/injection/security-context.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";

interface Case {
  readonly container?: JsonObject;
  readonly pod?: JsonObject;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
  readonly override?: ContainerSecurityContext;
  readonly isRestore?: boolean;
  readonly more?: readonly JsonObject[];
}

const RESTRICTED = { "pod-security.kubernetes.io/enforce": "restricted" };

function contextOf({
  container = {},
  pod = {},
  labels = {},
  annotations = {},
  override,
  isRestore = false,
  more = [],
}: Case) {
  const app = { name: "app", volumeMounts: [{ name: "data", mountPath: "/d" }], securityContext: container };
  const runsAs = decideRunsAs({
    podTemplate: { spec: { containers: [...more, app], securityContext: pod } },
    namespace: { name: "demo", labels, annotations },
    volumeNames: ["data"],
    override,
  });
  return buildSecurityContext(runsAs, override, isRestore ? "restore" : "backup");
}

const HARDENED = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  seccompProfile: { type: "RuntimeDefault" },
};

describe("the injected container runs", () => {
  test("as the user of the container that mounts the data, without any capability", () => {
    expect(contextOf({ container: { runAsUser: 999, runAsGroup: 998 }, pod: { runAsUser: 1 } })).toEqual({
      ...HARDENED,
      runAsUser: 999,
      runAsGroup: 998,
      runAsNonRoot: true,
    });
  });

  test("as the pod's user when the container names none", () => {
    expect(contextOf({ pod: { runAsUser: 101 } })).toEqual({ ...HARDENED, runAsUser: 101, runAsNonRoot: true });
  });

  test("not as a container that does not mount the data", () => {
    const more = [{ name: "proxy", securityContext: { runAsUser: 1337 } }];
    expect(contextOf({ more, container: { runAsUser: 999 } })).toMatchObject({ runAsUser: 999 });
  });

  test("as root with DAC_OVERRIDE alone when the user is unknown or root", () => {
    const root = {
      ...HARDENED,
      runAsUser: 0,
      runAsNonRoot: false,
      capabilities: { add: ["DAC_OVERRIDE"], drop: ["ALL"] },
    };
    expect(contextOf({})).toEqual(root);
    expect(contextOf({ container: { runAsUser: 0 } })).toEqual(root);
    expect(contextOf({ pod: { runAsNonRoot: false }, container: { runAsNonRoot: false } })).toEqual(root);
    expect(contextOf({ more: [{ name: "proxy", securityContext: { runAsNonRoot: true } }] })).toEqual(root);
  });

  const forbidding: readonly (readonly [string, Case])[] = [
    ["the pod", { pod: { runAsNonRoot: true } }],
    ["the pod, which names root", { pod: { runAsNonRoot: true, runAsUser: 0 } }],
    ["the container with the data", { container: { runAsNonRoot: true } }],
    ["the pod, and not its container", { pod: { runAsNonRoot: true }, container: { runAsNonRoot: false } }],
    ["runtimeSettings", { override: { runAsNonRoot: true } }],
    ["the pod, and runtimeSettings want root", { pod: { runAsNonRoot: true }, override: { runAsUser: 0 } }],
    [
      "the container, and runtimeSettings want root",
      { container: { runAsNonRoot: true }, override: { runAsUser: 0, runAsNonRoot: false } },
    ],
    ["Pod Security, and runtimeSettings want root", { labels: RESTRICTED, override: { runAsUser: 0 } }],
  ];
  test.each(forbidding)("C4: as 65534 and never as root where root is forbidden by %s", (_who, given) => {
    for (const isRestore of [false, true]) {
      expect(contextOf({ ...given, isRestore })).toEqual({ ...HARDENED, runAsUser: 65534, runAsNonRoot: true });
    }
  });

  test("C4: as the application's user where that is known, whether or not root is forbidden", () => {
    expect(contextOf({ pod: { runAsNonRoot: true, runAsUser: 7 } })).toMatchObject({ runAsUser: 7 });
    const annotations = { "openshift.io/sa.scc.uid-range": "1000640000/10000" };
    expect(contextOf({ annotations, pod: { runAsNonRoot: true } })).toEqual(HARDENED);
  });

  test("in a restore as root that can also give files back to their owners", () => {
    expect(contextOf({ isRestore: true })).toMatchObject({
      runAsUser: 0,
      capabilities: { add: ["CHOWN", "DAC_OVERRIDE", "FOWNER"], drop: ["ALL"] },
    });
  });

  test("L80: never as root where Pod Security enforces restricted, in a restore neither", () => {
    for (const isRestore of [false, true]) {
      expect(contextOf({ labels: RESTRICTED, isRestore })).toEqual({
        ...HARDENED,
        runAsUser: 65534,
        runAsNonRoot: true,
      });
      expect(contextOf({ labels: RESTRICTED, isRestore, pod: { runAsUser: 26 } })).toMatchObject({ runAsUser: 26 });
    }
  });

  test("as whom OpenShift chooses, where it gives the namespace its own users", () => {
    const annotations = { "openshift.io/sa.scc.uid-range": "1000640000/10000" };
    expect(contextOf({ annotations })).toEqual(HARDENED);
  });

  test("as runtimeSettings say, field by field", () => {
    expect(contextOf({ override: { runAsUser: 5, readOnlyRootFilesystem: false }, pod: { runAsUser: 1 } })).toEqual({
      ...HARDENED,
      runAsUser: 5,
      runAsNonRoot: true,
      readOnlyRootFilesystem: false,
    });
    expect(contextOf({ override: { runAsUser: 0 }, pod: { runAsUser: 1 } })).toMatchObject({
      runAsUser: 0,
      capabilities: { add: ["DAC_OVERRIDE"] },
    });
  });
});

import { describe, expect, test } from "vitest";
import { type ProofPorts, proveInjection, proveRefusal, proveRestore } from "../../../../reconciler/injection/prove.ts";
import { readQuota } from "../../../../reconciler/world/quota-object.ts";
import { listAt, textAt, valueAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { aPlan, aWorkload, HASH, IMAGE } from "./builders.ts";

const ID = { kind: "Deployment", namespace: "demo", name: "web" } as const;
const wanted = { plan: aPlan(), isOptedOut: false, image: IMAGE };
const signal = new AbortController().signal;
const HELD = "stash.appscode.com/injection-held";
const APPLIED = "stash.appscode.com/last-applied-backup-invoker-hash";

interface Cluster {
  /** What admission makes of a patch that asks for the sidecar. */
  readonly admits?: boolean;
  /** What is said to pods with the sidecar, and to those without. */
  readonly withSidecar?: KubeError;
  readonly without?: KubeError;
  readonly workload?: KubeError;
  readonly quotas?: ProofPorts["quotas"];
  /** Access mode of every claim; there are none where it is not given. */
  readonly accessMode?: string;
  readonly pullSecrets?: readonly string[];
  /** What the API server gives a pod of its ServiceAccount's. */
  readonly ofAccount?: readonly string[];
  /** Of the sidecar's local backend. */
  readonly backendClaim?: string;
}

function refusal(status: number, reason: string, detail: string): KubeError {
  return new KubeError({ action: "create pods", status, reason, detail });
}

/** An API server that keeps nothing, and says whether it was asked to keep something. */
function clusterOf({
  admits = true,
  withSidecar,
  without,
  workload,
  quotas = [],
  accessMode,
  backendClaim,
  pullSecrets = [],
  ofAccount,
}: Cluster) {
  const calls: string[] = [];
  const ports: ProofPorts = {
    quotas,
    pullSecrets,
    client: {
      find: async (resource, _namespace, name, parse) => {
        calls.push(`find ${resource.plural} ${name}`);
        return accessMode === undefined ? undefined : parse({ spec: { accessModes: [accessMode] } });
      },
      delete: async () => false,
      patch: async (resource, namespace, name, patch, parse, options) => {
        calls.push(`patch ${resource.plural} ${namespace}/${name} ${options?.dryRun === true ? "dry" : "kept"}`);
        if (workload !== undefined) throw workload;
        const annotations = valueAt(patch.kind === "json" ? undefined : patch.body, "metadata", "annotations");
        const isRestore = valueAt(annotations, "stash.appscode.com/requested-restore") !== undefined;
        const isWanted = admits && !isRestore && typeof valueAt(annotations, HELD) !== "string";
        const init = { name: "stash-init", args: ["restore"] };
        const claim = { name: "stash-local-0a1b2c3d4e", persistentVolumeClaim: { claimName: backendClaim } };
        const sidecar = { name: "stash", args: ["run-backup"], resources: { requests: { memory: "64Mi" } } };
        return parse({
          metadata: { name: "web", namespace: "demo", uid: "workload-uid" },
          spec: {
            template: {
              metadata: { annotations: isWanted ? { [APPLIED]: HASH } : {} },
              spec: {
                initContainers: admits && isRestore ? [init] : [],
                containers: [{ name: "app" }, ...(isWanted ? [sidecar] : [])],
                volumes: [
                  { name: "data", persistentVolumeClaim: { claimName: "data" } },
                  ...(backendClaim === undefined ? [] : [claim]),
                ],
              },
            },
            strategy: { type: isRestore ? "Recreate" : "RollingUpdate" },
            replicas: 2,
          },
          status: { observedGeneration: 2, replicas: 2, updatedReplicas: 2 },
        });
      },
      create: async (resource, namespace, body, parse, options) => {
        const names = ["initContainers", "containers"].flatMap((list) =>
          listAt(body, "spec", list).map((one) => textAt(one, "name")),
        );
        calls.push(
          `create ${resource.plural} ${namespace} ${names.join("+")} ${options?.dryRun === true ? "dry" : "kept"}`,
        );
        const isOurs = names.includes("stash") || names.includes("stash-init");
        const error = isOurs ? withSidecar : without;
        if (error !== undefined) throw error;
        const imagePullSecrets = ofAccount?.map((name) => ({ name }));
        return parse({ ...Object(body), spec: { ...Object(valueAt(body, "spec")), imagePullSecrets } });
      },
    },
  };
  return { calls, ports };
}

const prove = async (cluster: Cluster) => {
  const { calls, ports } = clusterOf(cluster);
  return { calls, proof: await proveInjection(ports, ID, aWorkload(), wanted, signal) };
};

describe("asking the cluster before a sidecar is injected", () => {
  test("leaves nothing behind, and asks about the very template that admission makes", async () => {
    const { calls, proof } = await prove({});
    expect(proof).toEqual({ kind: "Passed" });
    expect(calls).toEqual([
      "patch deployments demo/web dry",
      "create pods demo app+stash dry",
      "find persistentvolumeclaims data",
    ]);
  });

  test("C1: hands on the cluster's own words", async () => {
    const words = 'pods "web-dry-run" is forbidden: failed quota: team: must specify limits.cpu';
    const { proof } = await prove({ withSidecar: refusal(403, "Forbidden", words) });
    expect(proof).toEqual({ kind: "Refused", words });
  });

  test("counts the sidecars of all pods against the quotas", async () => {
    const status = { hard: { memory: "200Mi" }, used: { memory: "100Mi" } };
    const { proof } = await prove({ quotas: [readQuota({ metadata: { name: "team" }, status })] });
    expect(proof).toMatchObject({ kind: "Refused", words: expect.stringContaining("quota team has memory 200Mi") });
  });

  test("C3: a workload that may not be changed at all is refused too", async () => {
    const { proof, calls } = await prove({ workload: refusal(422, "Invalid", "spec is invalid") });
    expect(proof).toEqual({ kind: "Refused", words: "spec is invalid" });
    expect(calls).toHaveLength(1);
  });

  test.each([
    ["a webhook that is away", { admits: false }, { kind: "Vain" }],
    ["a workload that is gone", { workload: refusal(404, "NotFound", "gone") }, { kind: "Vain" }],
    [
      "another webhook that takes no dry runs",
      { withSidecar: refusal(400, "BadRequest", 'admission webhook "x" does not support dry run') },
      { kind: "Unknown" },
    ],
  ])("is no answer with %s", async (_what, cluster, expected) => {
    expect((await prove(cluster)).proof).toMatchObject(expected);
  });

  test("is tried again where the API server could not answer", async () => {
    await expect(prove({ withSidecar: refusal(500, "InternalError", "failed calling webhook") })).rejects.toThrow(
      "failed calling webhook",
    );
  });
});

test("E10: a restart that would never end, for a claim of one pod at a time, is none for an init-container that is to go", async () => {
  const proofOf = async (accessMode: string) => {
    const { ports } = clusterOf({ admits: false, accessMode });
    return proveRestore(ports.client, ID, aWorkload(), { "stash.appscode.com/requested-restore": "x" }, signal, false);
  };
  expect(await proofOf("ReadWriteOncePod")).toMatchObject({ kind: "Refused" });
  expect(await proofOf("ReadWriteOnce")).toEqual({ kind: "Passed" });
});

describe("a claim for one pod at a time", () => {
  const proofOf = async (spec: object, accessMode = "ReadWriteOncePod") => {
    const { ports } = clusterOf({ accessMode });
    return proveInjection(ports, ID, aWorkload({ spec }), wanted, signal);
  };

  test("of a Deployment that makes the next pod first is told before a rollout that would never end", async () => {
    const proof = await proofOf({ strategy: { type: "RollingUpdate" } });
    expect(proof).toMatchObject({ kind: "Refused", words: expect.stringContaining("claim data is ReadWriteOncePod") });
  });

  test.each([
    [{ strategy: { type: "Recreate" } }, "ReadWriteOncePod"],
    [{ strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } }, "ReadWriteOncePod"],
    [{ strategy: { type: "RollingUpdate" } }, "ReadWriteOnce"],
  ])("is no obstacle with %j and %s", async (spec, accessMode) => {
    expect(await proofOf(spec, accessMode)).toEqual({ kind: "Passed" });
  });
});

describe("pull secrets of the installation", () => {
  test.each<[string, Cluster, object]>([
    ["that no pod gets are told", { pullSecrets: ["stash-pull-1"] }, { kind: "Passed", lacksPullSecrets: true }],
    [
      "that others stand in the place of are told",
      { pullSecrets: ["stash-pull-1"], ofAccount: ["mine"] },
      { kind: "Passed", lacksPullSecrets: true },
    ],
    [
      "of which the ServiceAccount has one are not",
      { pullSecrets: ["stash-pull-1", "stash-pull-2"], ofAccount: ["mine", "stash-pull-2"] },
      { kind: "Passed" },
    ],
    ["are none, and nothing is told", {}, { kind: "Passed" }],
    [
      "are no matter where pods are refused anyway",
      { pullSecrets: ["stash-pull-1"], withSidecar: refusal(403, "Forbidden", "no") },
      { kind: "Refused", words: "no" },
    ],
  ])("D9: %s", async (_what, cluster, expected) => {
    expect((await prove(cluster)).proof).toEqual(expected);
  });
});

describe("a claim of the sidecar's local backend", () => {
  test.each([
    ["that is not there is told before any pod waits for it", undefined, "Refused"],
    ["that is there is no obstacle", "ReadWriteMany", "Passed"],
  ])("%s, also where no pod is there", async (_what, accessMode, kind) => {
    for (const replicas of [0, 1]) {
      const { ports } = clusterOf({ backendClaim: "backups", ...(accessMode !== undefined && { accessMode }) });
      const proof = await proveInjection(ports, ID, aWorkload({ status: { replicas } }), wanted, signal);
      expect(proof.kind).toBe(kind);
      if (kind === "Refused") expect(proof).toMatchObject({ words: expect.stringContaining("claim backups") });
    }
  });
});

describe("asking the cluster before a restore", () => {
  const ask = { "stash.appscode.com/requested-restore": "uid" };
  const proveRestoreOf = async (cluster: Cluster, replicas = 2) => {
    const { calls, ports } = clusterOf(cluster);
    const workload = aWorkload({ status: { replicas } });
    return { calls, proof: await proveRestore(ports.client, ID, workload, ask, signal) };
  };

  test("leaves nothing behind, and asks about pods with the init-container", async () => {
    const { calls, proof } = await proveRestoreOf({});
    expect(proof).toEqual({ kind: "Passed" });
    expect(calls).toEqual(["patch deployments demo/web dry", "create pods demo stash-init+app dry"]);
  });

  test.each<[string, Cluster, number, string]>([
    ["hands on the cluster's words", { withSidecar: refusal(403, "Forbidden", "no root here") }, 2, "Refused"],
    [
      "minds no quota that has room when its pods are gone",
      { withSidecar: refusal(403, "Forbidden", "exceeded quota: q") },
      2,
      "Passed",
    ],
    [
      "minds nothing where pods are refused anyway and none is there",
      { withSidecar: refusal(403, "Forbidden", "no"), without: refusal(403, "Forbidden", "no") },
      0,
      "Passed",
    ],
    ["is no answer with a webhook that is away", { admits: false }, 2, "Vain"],
  ])("%s", async (_what, cluster, replicas, kind) => {
    expect((await proveRestoreOf(cluster, replicas)).proof.kind).toBe(kind);
  });
});

describe("whether the sidecar alone keeps pods from being made", () => {
  const words = "exceeded quota: team";
  const no = refusal(403, "Forbidden", words);
  test.each<[string, Cluster, string | undefined]>([
    ["with it they are refused, without it they are not", { withSidecar: no }, words],
    ["they are refused in any case", { withSidecar: no, without: no }, undefined],
    ["they are not refused", {}, undefined],
    ["nobody can ask about the workload without it", { withSidecar: no, workload: no }, undefined],
  ])("%s", async (_when, cluster, expected) => {
    const { calls, ports } = clusterOf(cluster);
    expect(await proveRefusal(ports, ID, aWorkload({ applied: HASH }), signal)).toBe(expected);
    expect(calls.filter((call) => call.endsWith("kept"))).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { actOnMaintenance, type MaintenanceActPorts } from "../../../../reconciler/maintenance/act.ts";
import { maintenanceJobName } from "../../../../reconciler/maintenance/names.ts";
import type { Saver } from "../../../../reconciler/maintenance/saver.ts";
import type { MaintenanceRun } from "../../../../shared/api/repository.ts";
import { Annotation } from "../../../../shared/contract.ts";
import { listAt, valueAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { createLogger } from "../../../../shared/log.ts";
import { FakeApi } from "../fake-api.ts";
import { aRepository, aView, NOW } from "./builders.ts";

const RUN: MaintenanceRun = { phase: "Running", startedAt: NOW.toISOString(), actions: ["VerifyRepositoryIntegrity"] };
const REPOSITORY = aRepository({ maintenanceRuns: [RUN] });

function portsOf(client: FakeApi["client"], nowMs = Date.now()): MaintenanceActPorts {
  return {
    client: { ...client, patchStatus: client.patch },
    settings: { image: "stash-batch:1", nativeSidecar: false, followsImage: false },
    log: createLogger("test", "error"),
    signal: new AbortController().signal,
    nowMs,
    ownNamespace: "stash-batch",
    cluster: "here",
  };
}

interface How {
  readonly repository?: typeof REPOSITORY;
  readonly owner?: { readonly user: number; readonly group: number };
  readonly saver?: Saver;
}

function make(client: FakeApi["client"], nowMs?: number, { repository = REPOSITORY, owner, saver }: How = {}) {
  return actOnMaintenance(portsOf(client, nowMs), aView(repository), { kind: "make-job", run: RUN, owner }, saver);
}

/** The cluster answers the creation of a Job with this. */
function refusing(status: number, reason: string, detail: string): FakeApi["client"] {
  const { client } = new FakeApi();
  return {
    ...client,
    create: (resource, ...rest) => {
      if (resource.plural === "jobs") throw new KubeError({ action: "create jobs vault/x", status, reason, detail });
      return client.create(resource, ...rest);
    },
  };
}

describe("D7: the job of a maintenance", () => {
  test.each([
    [403, "Forbidden", 'jobs "x" is forbidden: exceeded quota: none, requested: count/jobs.batch=1', true],
    [403, "Forbidden", 'admission webhook "validate.kyverno.svc" denied the request: no Jobs at night', undefined],
    [422, "Invalid", 'Job "x" is invalid: spec.template.spec.containers[0].image: Required value', undefined],
  ])("that is refused with %i %s is told with the API server's words", async (status, reason, words, isPassing) => {
    const { problem } = await make(refusing(status, reason, words));
    expect(problem?.code).toBe("JOB_REFUSED");
    expect(problem?.message).toContain(words);
    expect(problem?.isPassing).toBe(isPassing);
  });

  test("is tried again with back-off where no answer came", async () => {
    await expect(make(refusing(0, "NotConnected", "connect ECONNREFUSED"))).rejects.toThrow(/ECONNREFUSED/);
  });

  test("whose pod is refused is told with the cluster's words", async () => {
    const api = new FakeApi();
    const words = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
    expect(await make(api.client)).toEqual({ problem: undefined });
    expect(api.names("jobs")).toEqual([`vault/${maintenanceJobName(REPOSITORY, RUN.startedAt)}`]);
    api.put("events", { metadata: { namespace: "vault", name: "e" }, message: words });
    const { problem } = await make(api.client, Date.now() + 60_000);
    expect(problem).toMatchObject({ code: "JOB_REFUSED", isPassing: true });
    expect(problem?.message).toContain(words);
  });
});

describe("the job of a maintenance of a folder", () => {
  const SAVER = { namespace: "friend", name: "web-1", uid: "uid-web-1", nodeName: "node-a" };
  const inFolder = (local: object) =>
    aRepository({ maintenanceRuns: [RUN] }, { backend: { local: { mountPath: "/safe/store", ...local } } });
  const FOLDER = inFolder({ hostPath: { path: "/mnt/store" } });

  function withPod(spec: object, change: object = {}): FakeApi {
    const api = new FakeApi();
    api.put("pods", { metadata: { namespace: "friend", name: "web-1", uid: "uid-web-1", ...change }, spec });
    return api;
  }

  async function jobOf(api: FakeApi, how: How) {
    await make(api.client, undefined, { repository: FOLDER, saver: SAVER, ...how });
    const [name = ""] = api.names("jobs").map((job) => job.slice("vault/".length));
    const spec = valueAt(api.get("jobs", "vault", name), "spec", "template", "spec");
    return {
      spec,
      user: valueAt(listAt(spec, "containers")[0], "securityContext"),
      pod: valueAt(spec, "securityContext"),
    };
  }

  const sidecar = (securityContext: object) => ({
    securityContext: { runAsUser: 7, fsGroup: 3000 },
    containers: [
      { name: "app", securityContext: { runAsUser: 5 } },
      { name: "stash", securityContext },
    ],
  });

  test("runs as the container that saved there last, and on its node", async () => {
    const made = await jobOf(withPod(sidecar({ runAsUser: 1000, runAsGroup: 2000 })), {});
    expect(made.user).toMatchObject({ runAsUser: 1000, runAsGroup: 2000, runAsNonRoot: true });
    expect(valueAt(made.user, "capabilities")).toEqual({ drop: ["ALL"] });
    expect(made.pod).toEqual({ seccompProfile: { type: "RuntimeDefault" }, fsGroup: 3000 });
    expect(JSON.stringify(made.spec)).toContain('"values":["node-a"]');
  });

  test.each<[string, object, object, number]>([
    ["the pod's user where the container names none", sidecar({}), {}, 7],
    [
      "the step of a job that is ours",
      { containers: [{ name: "save", securityContext: { runAsUser: 8 } }] },
      { annotations: { [Annotation.JobOwnSteps]: "save" } },
      8,
    ],
    ["nobody who took the pod's name later", sidecar({ runAsUser: 1000 }), { uid: "another" }, 0],
    ["nobody whose container is not ours", { containers: [{ name: "app", securityContext: { runAsUser: 5 } }] }, {}, 0],
  ])("runs as %s", async (_who, spec, change, user) => {
    expect((await jobOf(withPod(spec, change), {})).user).toMatchObject({ runAsUser: user });
  });

  test("runs as the owner that one before it was told, whoever saved last", async () => {
    const owner = { user: 1234, group: 0 };
    const made = await jobOf(withPod(sidecar({ runAsUser: 1000 })), { owner });
    expect(made.user).toMatchObject({ runAsUser: 1234, runAsGroup: 0 });
  });

  test("is no root where the namespace forbids that, even for an owner who is", async () => {
    const api = new FakeApi();
    api.put("namespaces", {
      metadata: { name: "vault", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
    });
    const claim = inFolder({ persistentVolumeClaim: { claimName: "store" } });
    api.put("persistentvolumeclaims", { metadata: { namespace: "vault", name: "store" }, spec: { accessModes: [] } });
    const made = await jobOf(api, { repository: claim, owner: { user: 0, group: 0 } });
    expect(made.user).toMatchObject({ runAsUser: 65534, runAsNonRoot: true });
    expect(JSON.stringify(made.spec)).not.toContain("node-a");
  });

  test("needs to know nothing of that where the backend is no folder", async () => {
    const made = await jobOf(withPod(sidecar({ runAsUser: 1000 })), { repository: REPOSITORY });
    expect(made.user).toMatchObject({ runAsUser: 65534, runAsGroup: 65534 });
  });
});

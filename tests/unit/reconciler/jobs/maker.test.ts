import { describe, expect, test } from "vitest";
import { JobMaker } from "../../../../reconciler/jobs/maker.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { restoreInvokerView } from "../../../../shared/invoker/object.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { CLAIMS } from "../../../../shared/kube/resources.ts";
import { createLogger } from "../../../../shared/log.ts";
import { FakeApi } from "../fake-api.ts";
import { functions, IMAGE, PVC_REF, repository, tasks } from "./builders.ts";

const RESTORE = parseRestoreBatch({
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "RestoreBatch",
  metadata: { name: "back", namespace: "demo", uid: "uid-of-restore", creationTimestamp: "2024-01-01T00:00:00Z" },
  spec: { repository: { name: "repo" }, session: "nightly-1", members: [{ target: { ref: PVC_REF } }] },
});

function aMaker(api: FakeApi): JobMaker {
  const settings = { image: IMAGE, nativeSidecar: false, followsImage: false };
  return new JobMaker({ client: api.client, settings, log: createLogger("test", "error") });
}

function anOrder() {
  const { apiVersion, kind, metadata } = RESTORE;
  const invoker = restoreInvokerView(RESTORE);
  const [member] = invoker.members;
  if (member === undefined) throw new Error("the restore has no member");
  const owner = { apiVersion, kind, namespace: metadata.namespace, name: metadata.name, uid: "uid-of-restore" };
  return { owner, invoker, member, repository, deadlineAtMs: undefined, nowMs: 0 };
}

function aCluster(): FakeApi {
  const api = new FakeApi();
  for (const task of tasks) api.put("tasks", { ...task });
  for (const one of functions) api.put("functions", { ...one });
  api.put("persistentvolumeclaims", {
    metadata: { name: "files", namespace: "demo" },
    spec: { accessModes: ["ReadWriteMany"] },
  });
  return api;
}

test("the look for recovery points is one job beside those of the members, however often it is asked for", async () => {
  const api = aCluster();
  const maker = aMaker(api);
  await maker.makePointSearch(anOrder());
  await maker.makePointSearch(anOrder());
  await maker.makeRestoreJobs(anOrder());
  expect(api.names("jobs")).toEqual(["demo/stash-restore-back-points", "demo/stash-restore-back-0"]);
});

test("why there can be no look for recovery points is remembered, and forgotten with the next try", async () => {
  const api = aCluster();
  const maker = aMaker(api);
  await maker.makePointSearch({ ...anOrder(), repository: undefined });
  expect([...maker.problems("uid-of-restore").values()]).toMatchObject([{ code: "NOT_FOUND" }]);
  await maker.makePointSearch(anOrder());
  expect(maker.problems("uid-of-restore").size).toBe(0);
});

/** The cluster answers the creation of a Job with this. */
function refusing(api: FakeApi, status: number, reason: string, detail: string): JobMaker {
  const { create } = api.client;
  const client: FakeApi["client"] = {
    ...api.client,
    create: (resource, ...rest) => {
      if (resource.plural === "jobs") throw new KubeError({ action: "create jobs demo/x", status, reason, detail });
      return create(resource, ...rest);
    },
  };
  const settings = { image: IMAGE, nativeSidecar: false, followsImage: false };
  return new JobMaker({ client, settings, log: createLogger("test", "error") });
}

test.each([
  [403, "Forbidden", 'jobs "x" is forbidden: exceeded quota: none, requested: count/jobs.batch=1', true],
  [403, "Forbidden", 'admission webhook "validate.kyverno.svc" denied the request: no Jobs at night', undefined],
  [422, "Invalid", 'Job "x" is invalid: spec.template.spec.containers[0].image: Required value', undefined],
  [500, "InternalError", 'failed calling webhook "policy": context deadline exceeded', true],
])(
  "D7: a job that is refused with %i %s is told with the API server's words",
  async (status, reason, words, isPassing) => {
    const maker = refusing(aCluster(), status, reason, words);
    await maker.makeRestoreJobs(anOrder());
    const [problem] = maker.problems("uid-of-restore").values();
    expect(problem?.code).toBe("JOB_REFUSED");
    expect(problem?.message).toContain(words);
    expect(problem?.isPassing).toBe(isPassing);
  },
);

test("D7: no answer at all is no refusal: the whole look is tried again", async () => {
  const maker = refusing(aCluster(), 0, "NotConnected", "connect ECONNREFUSED");
  await expect(maker.makeRestoreJobs(anOrder())).rejects.toThrow(/ECONNREFUSED/);
  expect(maker.problems("uid-of-restore").size).toBe(0);
});

test("D7: why the pod of a job is not made is told in the cluster's words, and forgotten when it is", async () => {
  const api = aCluster();
  const maker = aMaker(api);
  await maker.makeRestoreJobs(anOrder());
  const words = 'Error creating: pods "x" is forbidden: violates PodSecurity "restricted:latest"';
  const lastTimestamp = "2024-01-01T00:00:00Z";
  api.put("events", {
    metadata: { namespace: "demo", name: "e1" },
    message: "older",
    lastTimestamp: "2023-01-01T00:00:00Z",
  });
  api.put("events", { metadata: { namespace: "demo", name: "e2" }, message: words, lastTimestamp });
  await maker.makeRestoreJobs({ ...anOrder(), nowMs: Date.now() + 60_000 });
  expect([...maker.problems("uid-of-restore").values()]).toMatchObject([{ code: "JOB_REFUSED", isPassing: true }]);
  expect(JSON.stringify([...maker.problems("uid-of-restore").values()])).toContain("violates PodSecurity");
  await api.client.delete({ group: "", version: "v1", plural: "events", namespaced: true }, "demo", "e1");
  await api.client.delete({ group: "", version: "v1", plural: "events", namespaced: true }, "demo", "e2");
  await maker.makeRestoreJobs({ ...anOrder(), nowMs: Date.now() + 60_000 });
  expect(maker.problems("uid-of-restore").size).toBe(0);
});

describe("E6: the look for the target of a job", () => {
  const problemOf = (maker: JobMaker) => maker.problems("uid-of-restore").get(0);

  async function lookAt(api: FakeApi, maker = aMaker(api)) {
    await maker.makeRestoreJobs(anOrder());
    return problemOf(maker);
  }

  test("that does not exist is one that may pass, and the job is made with the first look that finds it", async () => {
    const api = aCluster();
    const claim = api.get("persistentvolumeclaims", "demo", "files") ?? {};
    const maker = aMaker(api);
    await api.client.delete(CLAIMS, "demo", "files");
    expect(await lookAt(api, maker)).toMatchObject({ code: "NOT_FOUND", target: "missing", isPassing: true });
    expect(problemOf(maker)?.message).toBe("PersistentVolumeClaim demo/files does not exist");
    expect(api.names("jobs")).toEqual([]);
    api.put("persistentvolumeclaims", claim);
    expect(await lookAt(api, maker)).toBeUndefined();
    expect(api.names("jobs")).toEqual(["demo/stash-restore-back-0"]);
  });

  test("that is being deleted takes it for one that is not there", async () => {
    const api = aCluster();
    const metadata = { name: "files", namespace: "demo", deletionTimestamp: "2024-01-01T00:00:00Z" };
    api.put("persistentvolumeclaims", { metadata });
    expect(await lookAt(api)).toMatchObject({
      target: "missing",
      message: "PersistentVolumeClaim demo/files is being deleted",
    });
  });

  test.each([403, 500])("that the API server answers with %i is told in its words", async (status) => {
    const api = aCluster();
    const { find } = api.client;
    const refusal = new KubeError({ action: "get claim", status, reason: "No", detail: "not today" });
    const client: FakeApi["client"] = {
      ...api.client,
      find: (resource, ...rest) =>
        resource.plural === CLAIMS.plural ? Promise.reject(refusal) : find(resource, ...rest),
    };
    const settings = { image: IMAGE, nativeSidecar: false, followsImage: false };
    const maker = new JobMaker({ client, settings, log: createLogger("test", "error") });
    expect(await lookAt(api, maker)).toMatchObject({ code: "JOB_REFUSED", target: "unknown", isPassing: true });
    expect(problemOf(maker)?.message).toContain("not today");
  });

  test("says that it was there when the job itself is refused", async () => {
    const maker = refusing(aCluster(), 403, "Forbidden", "exceeded quota: none");
    await maker.makeRestoreJobs(anOrder());
    expect(problemOf(maker)).toMatchObject({ code: "JOB_REFUSED", target: "found" });
  });
});

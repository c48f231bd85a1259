import { pino } from "pino";
import { describe, expect, test } from "vitest";
import type { HookRun } from "../../../../reconciler/hooks/plan.ts";
import { runHookJob } from "../../../../reconciler/hooks/run-job.ts";
import { NotBegunError } from "../../../../reconciler/hooks/until-begun.ts";
import { textAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { FakeApi } from "../fake-api.ts";

const OWNER = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupSession",
  namespace: "demo",
  name: "nightly-1",
  uid: "uid-session",
};
const RUN: HookRun = {
  key: "uid-session/session/0",
  namespace: "demo",
  startedAt: "2024-04-30T02:00:00Z",
  handler: { exec: { command: ["thaw"] } },
  place: undefined,
  owner: OWNER,
  summary: {
    Name: "nightly-1",
    Namespace: "demo",
    Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupBatch", Name: "nightly" },
    Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
    Status: { Phase: "Succeeded", Duration: "", Error: "" },
    RetryLeft: 0,
  },
  timeoutMs: 60_000,
};
const SETTINGS = { image: "stash-batch:1", nativeSidecar: false, followsImage: false };

/** A cluster that runs the job at once, and whose API server is away for every other call. */
function aShakyCluster() {
  const api = new FakeApi();
  let calls = 0;
  const shaky = <T>(send: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls % 2 === 1) {
      const facts = { action: "call", status: 0, reason: "NotConnected", detail: "connect ECONNREFUSED" };
      return Promise.reject(new KubeError(facts));
    }
    return send();
  };
  const client: FakeApi["client"] = {
    create: (resource, namespace, body, parse) =>
      shaky(async () => {
        const made = await api.client.create(resource, namespace, body, parse);
        const name = textAt(body, "metadata", "name") ?? "";
        if (resource.plural === "jobs") {
          const uid = textAt(api.get("jobs", "demo", name), "metadata", "uid");
          const metadata = { namespace: "demo", name: `${name}-x`, uid: "uid-pod", ownerReferences: [{ uid }] };
          api.put("pods", { metadata, status: { phase: "Running" } });
        }
        if (resource.plural === "hostruns") {
          const hooks = [{ type: "postBackup", phase: "Succeeded", output: "thawed" }];
          api.put("hostruns", { ...api.get("hostruns", "demo", name), status: { phase: "Succeeded", hooks } });
        }
        return made;
      }),
    find: (...args) => shaky(() => api.client.find(...args)),
    list: (...args) => shaky(() => api.client.list(...args)),
    patch: (...args) => shaky(() => api.client.patch(...args)),
    delete: (...args) => api.client.delete(...args),
  };
  return client;
}

test("D6: a global hook goes on while the API server is away, and is run once", async () => {
  const ports = { client: aShakyCluster(), settings: SETTINGS, log: pino({ level: "silent" }) };
  expect(await runHookJob(ports, OWNER, RUN, new AbortController().signal)).toBe("thawed");
});

test("D6: one that can't be reached within its time ends", async () => {
  const facts = { action: "call", status: 0, reason: "NotConnected", detail: "connect ECONNREFUSED" };
  const away = () => Promise.reject(new KubeError(facts));
  const client = { create: away, find: away, list: away, patch: away, delete: away };
  const ports = { client, settings: SETTINGS, log: pino({ level: "silent" }) };
  await expect(runHookJob(ports, OWNER, RUN, AbortSignal.timeout(1_000))).rejects.toThrow("ECONNREFUSED");
});

test("D18: the order of one that is given up is taken back before anybody is told so", async () => {
  const api = new FakeApi();
  const end = new AbortController();
  const client: FakeApi["client"] = {
    ...api.client,
    create: async (resource, namespace, body, parse) => {
      const made = await api.client.create(resource, namespace, body, parse);
      const name = textAt(body, "metadata", "name") ?? "";
      if (resource.plural === "jobs") {
        const uid = textAt(api.get("jobs", "demo", name), "metadata", "uid");
        const metadata = { namespace: "demo", name: `${name}-x`, uid: "uid-pod", ownerReferences: [{ uid }] };
        api.put("pods", { metadata, status: { phase: "Pending" } });
      }
      // Its image is still pulled when the time is over.
      if (resource.plural === "hostruns") end.abort(new Error("the time is over"));
      return made;
    },
  };
  const ports = { client, settings: SETTINGS, log: pino({ level: "silent" }) };
  await expect(runHookJob(ports, OWNER, RUN, end.signal)).rejects.toThrow();
  const [order = ""] = api.names("hostruns");
  expect(api.get("hostruns", "demo", order.slice(5))).toMatchObject({ spec: { cancel: { reason: "HOOK_FAILED" } } });
});

describe("D7: a global hook whose time is over before its job runs says what that waited for:", () => {
  const waiting = (reason: string, message: string) => ({
    phase: "Pending",
    containerStatuses: [{ name: "hook", state: { waiting: { reason, message } } }],
  });
  const unschedulable = {
    phase: "Pending",
    conditions: [
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/1 nodes: 1 Insufficient cpu" },
    ],
  };

  async function wordsOf(pod: object | undefined, refusal?: string): Promise<string> {
    const api = new FakeApi();
    const client: FakeApi["client"] = {
      ...api.client,
      create: async (resource, namespace, body, parse) => {
        const made = await api.client.create(resource, namespace, body, parse);
        if (resource.plural !== "jobs") return made;
        const name = textAt(body, "metadata", "name") ?? "";
        const uid = textAt(api.get("jobs", "demo", name), "metadata", "uid");
        const labels = { "job-name": name };
        const ownerReferences = [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true }];
        const metadata = { namespace: "demo", name: `${name}-x`, uid: "uid-pod", labels, ownerReferences };
        if (pod !== undefined) api.put("pods", { metadata, spec: { containers: [{ name: "hook" }] }, status: pod });
        const involvedObject = { uid };
        if (refusal !== undefined)
          api.put("events", {
            metadata: { namespace: "demo", name: "e" },
            involvedObject,
            reason: "FailedCreate",
            message: refusal,
          });
        return made;
      },
    };
    const ports = { client, settings: SETTINGS, log: pino({ level: "silent" }) };
    const run = runHookJob(ports, OWNER, RUN, AbortSignal.timeout(100));
    return run.then(
      () => "it ended",
      (error: unknown) => (error instanceof NotBegunError ? error.message : `${error}`),
    );
  }

  test.each([
    [
      "an image",
      waiting("ErrImagePull", "no such image"),
      undefined,
      /container hook of pod .*: ErrImagePull: no such image/,
    ],
    ["a node", unschedulable, undefined, /1 Insufficient cpu/],
    ["a quota", undefined, "exceeded quota: team", /is refused: exceeded quota: team/],
    ["a pod", undefined, undefined, /has no pod yet/],
  ])("%s", async (_what, pod, refusal, words) => {
    expect(await wordsOf(pod, refusal)).toMatch(words);
  });

  test("one that ran has nothing to say of that", async () => {
    const running = { phase: "Running", containerStatuses: [{ name: "hook", state: { running: {} } }] };
    expect(await wordsOf(running)).not.toMatch(/job/);
  });
});

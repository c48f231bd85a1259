import { describe, expect, test } from "vitest";
import { actOnMaintenance, type MaintenanceActPorts } from "../../../../reconciler/maintenance/act.ts";
import { maintenanceJobName } from "../../../../reconciler/maintenance/names.ts";
import type { MaintenanceRun } from "../../../../shared/api/repository.ts";
import { KubeError } from "../../../../shared/kube/kube-error.ts";
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
  };
}

function make(client: FakeApi["client"], nowMs?: number) {
  return actOnMaintenance(portsOf(client, nowMs), aView(REPOSITORY), { kind: "make-job", run: RUN }, undefined);
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

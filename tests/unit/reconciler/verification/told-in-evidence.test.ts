/** What evidence says of a drill must be what was done, and enough to judge it by. */
import { expect, test } from "vitest";
import { readScriptEnd } from "../../../../reconciler/verification/read-script.ts";
import { withVerified } from "../../../../reconciler/verification/results.ts";
import { withScript } from "../../../../reconciler/verification/script-result.ts";
import { drillJobView } from "../../../../reconciler/verification/verify-job.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { buildEvidence } from "../../../../shared/evidence/build.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";
import { aDrill, aVerifier } from "./builders.ts";

const NOW = new Date("2026-05-01T12:00:00Z");
const CONTEXT = { outcome: "Succeeded", product: "1.2.3", now: NOW } as const;

test("a script is named by the image that ran and by its command, whatever the verifier says by now", async () => {
  const pod = {
    metadata: { name: "p", uid: "pu" },
    spec: { containers: [{ name: "script", image: "shop/check:1", command: ["sh", "-c"], args: ["exit 0"] }] },
    status: {
      containerStatuses: [{ name: "script", imageID: "shop/check@sha256:abc", state: { terminated: { exitCode: 0 } } }],
    },
  };
  const client: Pick<KubeClient, "find" | "read"> = {
    find: async (_resource, _namespace, _name, read) => read(pod),
    read: async () => "all good",
  };
  const outcome = { kind: "complete" } as const;
  const job = {
    name: "j",
    namespace: "demo",
    uid: "u",
    outcome,
    completeForMs: 0,
    pod: { name: "p", uid: "pu", ip: "" },
  };
  const end = await readScriptEnd(client, "demo", job, new AbortController().signal);
  const drill = aDrill();
  const status = withScript(drill, { members: [] }, end, outcome, NOW);
  expect(buildEvidence({ ...drill, status }, CONTEXT).script).toEqual({
    exitCode: 0,
    image: "shop/check:1",
    imageId: "shop/check@sha256:abc",
    command: '["sh","-c","exit 0"]',
  });
});

test("what a pod of the name says counts for nothing where the job's own is gone", async () => {
  const client: Pick<KubeClient, "find" | "read"> = {
    find: async (_resource, _namespace, _name, read) =>
      read({
        metadata: { name: "p", uid: "another" },
        spec: { containers: [{ name: "script", image: "shop/check:1" }] },
        status: { containerStatuses: [{ name: "script", state: { terminated: { exitCode: 0 } } }] },
      }),
    read: async () => "all good",
  };
  const pod = { name: "p", uid: "pu" };
  const job = { name: "j", namespace: "demo", uid: "u", outcome: { kind: "complete" }, completeForMs: 0, pod } as const;
  const end = await readScriptEnd(client, "demo", job, new AbortController().signal);
  expect(end).toEqual({ exitCode: undefined, output: "" });
  expect(withScript(aDrill(), { members: [] }, end, job.outcome, NOW).outcome).toBe("Failed");
});

test("two long commands that begin alike are told apart", () => {
  const textOf = (end: string) =>
    withScript(aDrill(), {}, { exitCode: 0, output: "", command: ["x".repeat(5_000), end] }, { kind: "complete" }, NOW)
      .script?.command;
  expect(textOf("a")).not.toBe(textOf("b"));
  expect(textOf("a")?.length).toBeLessThan(2_200);
});

test("an answer stands beside what it had to be", () => {
  const servers = [
    {
      name: "s",
      member: "db",
      host: "db",
      type: "kubedb.com/mariadb",
      image: "mariadb:11",
      size: "1Gi",
      port: 3306,
      user: "root",
      snapshots: [],
    },
  ];
  const found = {
    alias: "db",
    tableCount: 1,
    rows: 1,
    findingCount: 0,
    queries: [{ statement: "select 1", value: "7", ok: true }],
  };
  const drill = aDrill();
  const status = withVerified({ members: [{ alias: "db", phase: "Running" }], servers }, { members: [found] }, [
    { member: "db", database: "shop", statement: "select 1", expect: { min: "0" } },
  ]);
  const evidence = buildEvidence({ ...drill, status }, CONTEXT);
  expect(evidence.members[0]?.queries).toEqual([
    { database: "shop", statement: "select 1", value: "7", ok: true, expect: { min: "0" } },
  ]);
});

test("no variable of the verifier's author reaches the pod that looks at what came back", () => {
  const container = {
    env: [
      { name: "STASH_RESTIC", value: "/drill/web/fake" },
      { name: "NODE_OPTIONS", value: "--import=/drill/web/x.mjs" },
    ],
    envFrom: [{ secretRef: { name: "any" } }],
    resources: { requests: { cpu: "10m" } },
  };
  const verifier = aVerifier({ runtimeSettings: { container, pod: { priorityClassName: "low" } } });
  const repository = parseRepository({
    apiVersion: KINDS.Repository.apiVersion,
    kind: "Repository",
    metadata: { name: "store", namespace: "demo" },
    spec: { backend: { storageSecretName: "s", rest: { url: "http://store/" } } },
  });
  const settings = { image: "i", nativeSidecar: false, followsImage: false };
  const facts = {
    settings,
    namespace: { name: "demo", labels: {}, annotations: {} },
    limitRanges: [],
    deadlineSeconds: 60,
  };
  expect(drillJobView({ drill: aDrill(), verifier }, repository, facts).member.spec.runtimeSettings).toEqual({
    container: { resources: { requests: { cpu: "10m" } } },
    pod: { priorityClassName: "low" },
  });
});

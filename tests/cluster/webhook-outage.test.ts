/** What clients see while the webhook is down, its certificate changes, or the author of an invoker lacks rights. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { objectsAt } from "../../shared/injection/workload.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { KeyAndCertificate } from "../support/control-plane/certificates.ts";
import { applyManifests, type Manifest } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";
import { connectTo, letIn, type Person, readAuthority } from "../support/webhook/cluster-client.ts";
import { aWorkload, aWorld, JOINED } from "../support/webhook/objects.ts";
import {
  registerWebhook,
  startTestWebhook,
  type TestWebhook,
  untilNoticed,
  writeServingCertificate,
} from "../support/webhook/running-webhook.ts";

const NAMESPACE = "webhook-outage-test";
let client: KubeClient;
let ca: KeyAndCertificate;
let webhook: TestWebhook;
let unregister: () => Promise<void>;

const deployment = (name: string, metadata: object = {}) => aWorkload("Deployment", NAMESPACE, name, metadata);
const create = (workload: Manifest) =>
  client.create(KUBERNETES.Deployment, NAMESPACE, workload, asIs, { maxRetries: 0 });
const namesOf = (workload: unknown) =>
  objectsAt(workload, "spec", "template", "spec", "containers").map(({ name }) => name);

beforeAll(async () => {
  client = await connectTo(sharedPlane().kubeconfigPath);
  ca = await readAuthority(sharedPlane().kubeletCa);
  await applyManifests(client, aWorld(NAMESPACE));
  webhook = await startTestWebhook({ kubeconfigPath: sharedPlane().kubeconfigPath, ca });
  unregister = await registerWebhook(client, webhook.url, ca.certPem, { validates: true });
  await untilNoticed();
});

afterAll(async () => {
  await unregister?.();
  await webhook?.stop();
  await client?.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  client?.close();
});

describe("whoever writes an invoker", () => {
  const { serverUrl, caPem } = sharedPlane();
  const where = { serverUrl, caPem, namespace: NAMESPACE };
  const INVOKERS = {
    apiGroups: ["stash.appscode.com"],
    resources: ["backupconfigurations", "restoresessions"],
    verbs: ["create", "update", "patch", "get"],
  };
  const WORKLOADS = { apiGroups: ["apps"], resources: ["deployments"], verbs: ["update"] };
  const EXEC = { apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] };
  const people: Person[] = [];
  const invite = async (name: string, rules: Parameters<typeof letIn>[3]) => {
    const person = await letIn(client, where, name, rules);
    people.push(person);
    // The API server reads new roles from its cache.
    await sleep(300);
    return person.client;
  };
  const configuration = (name: string, spec: object = {}) => ({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      schedule: "0 3 * * *",
      repository: { name: "repo" },
      retentionPolicy: { name: "keep", keepLast: 5, prune: true },
      target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } },
      ...spec,
    },
  });
  const send = (as: KubeClient, body: object) =>
    as.create(KINDS.BackupConfiguration, NAMESPACE, body, asIs, { maxRetries: 0 });
  const hooks = { preBackup: { exec: { command: ["sync"] } } };

  afterAll(async () => {
    for (const person of people) await person.leave();
  });

  test("must be allowed to update the workloads that it names", async () => {
    const writer = await invite("writer", [INVOKERS]);
    await expect(send(writer, configuration("by-writer"))).rejects.toThrow(
      /may not update deployments webhook-outage-test\/web.*Ask for that right/,
    );
  });

  test("must be allowed to run programs in pods when it has exec hooks", async () => {
    const owner = await invite("owner", [INVOKERS, WORKLOADS]);
    await send(owner, configuration("by-owner"));
    await expect(send(owner, configuration("with-hooks", { hooks }))).rejects.toThrow(/may not create pods\/exec/);
    const merge = { kind: "merge", body: { spec: { hooks } } } as const;
    await expect(owner.patch(KINDS.BackupConfiguration, NAMESPACE, "by-owner", merge, asIs)).rejects.toThrow(
      /may not create pods\/exec/,
    );
    const operator = await invite("operator", [INVOKERS, WORKLOADS, EXEC]);
    await send(operator, configuration("by-operator", { hooks }));
  });

  test("is told every fault at once", async () => {
    await expect(send(client, configuration("wrong", { schedule: "x", backupHistoryLimit: -1 }))).rejects.toThrow(
      /spec\.schedule.*spec\.backupHistoryLimit/,
    );
  });
});

test("L82: a certificate that is replaced under load fails no admission", { timeout: 60_000 }, async () => {
  let isRunning = true;
  const failures: unknown[] = [];
  let admitted = 0;
  const load = async (worker: number) => {
    for (let round = 0; isRunning; round++) {
      const workload = deployment(`load-${worker}-${round}`, JOINED);
      try {
        const stored = await client.create(KUBERNETES.Deployment, NAMESPACE, workload, asIs, {
          dryRun: true,
          maxRetries: 0,
        });
        if (!namesOf(stored).includes("stash")) failures.push(new Error("stored without the sidecar"));
        admitted++;
      } catch (error) {
        failures.push(error);
      }
    }
  };
  const workers = [0, 1, 2, 3].map(load);
  for (let swap = 0; swap < 3; swap++) {
    await writeServingCertificate(webhook.tlsDir, ca);
    // The folder is looked at every two seconds.
    await sleep(2_300);
  }
  isRunning = false;
  await Promise.all(workers);
  expect(failures).toEqual([]);
  expect(admitted).toBeGreaterThan(200);
});

describe("while the webhook is down", () => {
  test("unlabelled workloads go in, labelled ones are refused in words, and all goes on when it is back", {
    timeout: 60_000,
  }, async () => {
    const { port } = webhook;
    await webhook.stop();
    expect(namesOf(await create(deployment("web")))).toEqual(["app"]);
    await expect(create(deployment("joined", JOINED))).rejects.toThrow(/labelled\.workloads\.stash\.appscode\.com/);
    webhook = await startTestWebhook({ kubeconfigPath: sharedPlane().kubeconfigPath, ca, port });
    expect(namesOf(await create(deployment("joined", JOINED)))).toEqual(["app", "stash"]);
    // What went in meanwhile is mended by the reconciler's annotation.
    const annotations = { "stash.appscode.com/requested-injection": "1" };
    const patch = { kind: "merge", body: { metadata: { annotations } } } as const;
    expect(namesOf(await client.patch(KUBERNETES.Deployment, NAMESPACE, "web", patch, asIs))).toEqual(["app", "stash"]);
  });
});

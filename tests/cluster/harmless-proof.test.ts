/** What a cluster would refuse is found by a dry run, before an application loses a pod for it. */
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { parseBackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs } from "../../shared/kube/client.ts";
import { textAt, valueAt } from "../../shared/kube/json-value.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { waitForContainer, waitForReadyPods } from "../support/objects/pods.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { useProduct } from "../support/product/product-cluster.ts";

const FULL = "harmless-full";
const POLICED = "harmless-policed";
const TIMEOUT_MS = 90_000;

const cluster = useProduct();

const application = (namespace: string, strategy: string) => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: app } }
  strategy: { type: ${strategy} }
  template:
    metadata: { labels: { app: app } }
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: app
          image: "app:1"
          command: [sh, -c, "echo kept >/data/file && sleep infinity"]
          resources: { requests: { cpu: 50m, memory: 16Mi }, limits: { cpu: 500m, memory: 128Mi } }
          volumeMounts: [{ name: data, mountPath: /data }]
      volumes: [{ name: data, emptyDir: {} }]
`;

const backup = (namespace: string) => `
apiVersion: v1
kind: Secret
metadata: { name: backend, namespace: ${namespace} }
stringData: { RESTIC_PASSWORD: not-a-secret }
---
apiVersion: stash.appscode.com/v1alpha1
kind: Repository
metadata: { name: store, namespace: ${namespace} }
spec: { backend: { storageSecretName: backend, rest: { url: "http://127.0.0.1:1/" } } }
---
apiVersion: stash.appscode.com/v1beta1
kind: BackupConfiguration
metadata: { name: app, namespace: ${namespace} }
spec:
  schedule: "0 0 1 1 *"
  repository: { name: store }
  retentionPolicy: { name: keep, keepLast: 2, prune: true }
  target:
    ref: { apiVersion: apps/v1, kind: Deployment, name: app }
    volumeMounts: [{ name: data, mountPath: /data }]
    paths: [/data]
`;

const quota = (memory: string) => `
apiVersion: v1
kind: ResourceQuota
metadata: { name: team, namespace: ${FULL} }
spec: { hard: { requests.memory: ${memory} } }
`;

const namespaceOf = (name: string) => `
apiVersion: v1
kind: Namespace
metadata: { name: ${name} }
---`;

/** What registries a cluster trusts is nothing that its users choose. */
const POLICY = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: ${POLICED} }
spec:
  failurePolicy: Fail
  matchConstraints:
    namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${POLICED} } }
    resourceRules: [{ apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE] }]
  validations:
    - expression: "object.spec.containers.all(c, c.image.startsWith('app:'))"
      message: only images of the team may run here
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: ${POLICED} }
spec: { policyName: ${POLICED}, validationActions: [Deny] }
`;

async function apply(text: string): Promise<void> {
  await applyManifests(cluster().client, parseManifests(text));
}

async function condition(namespace: string) {
  const invoker = await cluster().client.find(KINDS.BackupConfiguration, namespace, "app", parseBackupConfiguration);
  return invoker?.status?.conditions?.find(({ type }) => type === "StashSidecarInjected");
}

const reason = async (namespace: string) => (await condition(namespace))?.reason;

async function events(namespace: string): Promise<readonly string[]> {
  const { items } = await cluster().client.list(KUBERNETES.Event, namespace, asIs);
  return items
    .filter((event) => textAt(event, "involvedObject", "kind") === "Deployment")
    .filter((event) => textAt(event, "reason") === "InjectionRefusedByCluster")
    .map((event) => textAt(event, "message") ?? "");
}

async function untilInjected(namespace: string): Promise<string> {
  const [pod] = await waitForContainer(cluster().client, namespace, "app=app", "stash", 1, TIMEOUT_MS);
  await expect.poll(() => reason(namespace), { timeout: TIMEOUT_MS }).toBe("SidecarInjectionSucceeded");
  return pod?.uid ?? "";
}

describe("C1, C08: a namespace whose quota has no room for the sidecar", () => {
  test("keeps its pod, and is told the quota's words by condition and Event", async () => {
    await apply(`${namespaceOf(FULL)}${quota("70Mi")}---${application(FULL, "Recreate")}`);
    const [before] = await waitForReadyPods(cluster().client, FULL, "app=app", 1, TIMEOUT_MS);
    await apply(backup(FULL));
    await expect.poll(() => reason(FULL), { timeout: TIMEOUT_MS }).toBe("InjectionRefusedByCluster");
    expect((await condition(FULL))?.message).toContain("quota: team");
    expect(await condition(FULL)).toMatchObject({ status: "False" });
    await expect.poll(() => events(FULL), { timeout: 10_000 }).toContainEqual(expect.stringContaining("quota: team"));

    // Neither a change of its metadata nor one of its template brings it in.
    const patch = (body: object) =>
      cluster().client.patch(KUBERNETES.Deployment, FULL, "app", { kind: "merge", body }, asIs);
    await patch({ metadata: { labels: { touched: "yes" } } });
    await sleep(2_000);
    const [pod] = await waitForReadyPods(cluster().client, FULL, "app=app", 1, TIMEOUT_MS);
    expect(pod?.uid).toBe(before?.uid);
    await patch({ spec: { template: { metadata: { annotations: { changed: "1" } } } } });
    const replaced = async () => (await waitForReadyPods(cluster().client, FULL, "app=app", 1, TIMEOUT_MS))[0];
    await expect.poll(async () => (await replaced())?.uid, { timeout: TIMEOUT_MS }).not.toBe(before?.uid);
    expect((await replaced())?.containers).toEqual(["app"]);
  });

  test("gets it at once when the quota is raised", async () => {
    const began = performance.now();
    await apply(quota("200Mi"));
    await untilInjected(FULL);
    expect(performance.now() - began).toBeLessThan(30_000);
    const workload = await cluster().client.get(KUBERNETES.Deployment, FULL, "app", asIs);
    expect(valueAt(workload, "metadata", "annotations")).not.toHaveProperty(["stash.appscode.com/injection-held"]);
  });
});

test("a hold that somebody forges costs him his own backup for a moment, and nobody anything else", async () => {
  const annotate = (value: string) => {
    const body = { metadata: { annotations: { "stash.appscode.com/injection-held": value } } };
    return cluster().client.patch(KUBERNETES.Deployment, FULL, "app", { kind: "merge", body }, asIs);
  };
  // Nothing is refused any more, so a dry run ends it.
  await annotate("dry-run");
  await untilInjected(FULL);
  await annotate("pods/forged");
  await untilInjected(FULL);
});

describe("D9: a policy that refuses pods with the sidecar", () => {
  beforeAll(async () => {
    await apply(POLICY);
    // API servers read new policies about once a second.
    await sleep(3_000);
    return async () => {
      for (const kind of ["ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"] as const) {
        await cluster().client.delete(KUBERNETES[kind], undefined, POLICED);
      }
    };
  });

  test("costs the application nothing, is told in its own words, and is asked again", async () => {
    await apply(`${namespaceOf(POLICED)}${application(POLICED, "RollingUpdate")}`);
    const [before] = await waitForReadyPods(cluster().client, POLICED, "app=app", 1, TIMEOUT_MS);
    await apply(backup(POLICED));
    await expect.poll(() => reason(POLICED), { timeout: TIMEOUT_MS }).toBe("InjectionRefusedByCluster");
    expect((await condition(POLICED))?.message).toContain("only images of the team may run here");
    const [pod] = await waitForReadyPods(cluster().client, POLICED, "app=app", 1, TIMEOUT_MS);
    expect(pod?.uid).toBe(before?.uid);

    await cluster().client.delete(KUBERNETES.ValidatingAdmissionPolicyBinding, undefined, POLICED);
    expect(await untilInjected(POLICED)).not.toBe(before?.uid);
  });

  test("and a workload that nothing wants to back up any more is let go of its hold", async () => {
    await apply(POLICY);
    await sleep(3_000);
    const other = (text: string) => text.replaceAll("name: app,", "name: other,").replaceAll("app: app", "app: other");
    await apply(other(application(POLICED, "RollingUpdate")));
    await waitForReadyPods(cluster().client, POLICED, "app=other", 1, TIMEOUT_MS);
    await apply(other(backup(POLICED)).replace("name: app }", "name: other }"));
    const held = async () => {
      const workload = await cluster().client.get(KUBERNETES.Deployment, POLICED, "other", asIs);
      return textAt(workload, "metadata", "annotations", "stash.appscode.com/injection-held");
    };
    await expect.poll(held, { timeout: TIMEOUT_MS }).toBe("dry-run");
    await cluster().client.delete(KINDS.BackupConfiguration, POLICED, "other");
    await expect.poll(held, { timeout: TIMEOUT_MS }).toBeUndefined();
  });
});

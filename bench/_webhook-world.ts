/** What the webhook's benches decide on: a cluster of many invokers, and reviews of 16 KiB. */
import jsonPatch from "fast-json-patch";
import { parseBackupConfiguration } from "../shared/api/backup-configuration.ts";
import { parseRepository } from "../shared/api/repository.ts";
import type { InjectionWorld } from "../shared/injection/gather.ts";
import { backupInvokerView } from "../shared/invoker/object.ts";
import { targetKey } from "../shared/target/ref.ts";
import { createGather } from "../webhook/gather.ts";
import { mutate } from "../webhook/mutate.ts";
import { parseReview } from "../webhook/review.ts";

export const IMAGE = "registry.test/stash-batch:1.0.0";
export const SETTINGS = { image: IMAGE, nativeSidecar: false, followsImage: false };

const INVOKERS = 2_000;
const REVIEW_BYTES = 16 * 1024;

/** BackupConfigurations of the Deployments `demo/app-0` and on, found by index as in the informers. */
export function createBenchWorld(): InjectionWorld {
  const repository = parseRepository({
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "repo", namespace: "demo" },
    spec: { backend: { storageSecretName: "backend", s3: { endpoint: "s3.test", bucket: "b", prefix: "demo" } } },
  });
  const invokers = Array.from({ length: INVOKERS }, (_, index) =>
    backupInvokerView(
      parseBackupConfiguration({
        apiVersion: "stash.appscode.com/v1beta1",
        kind: "BackupConfiguration",
        metadata: { name: `backup-${index}`, namespace: "demo", uid: `uid-${index}` },
        spec: {
          schedule: "0 3 * * *",
          repository: { name: "repo" },
          retentionPolicy: { name: "keep", keepLast: 5, prune: true },
          runtimeSettings: { container: { resources: { requests: { cpu: "10m", memory: "32Mi" } } } },
          target: {
            ref: { apiVersion: "apps/v1", kind: "Deployment", name: `app-${index}` },
            paths: ["/data"],
            volumeMounts: [{ name: "data", mountPath: "/data" }],
          },
        },
      }),
    ),
  );
  const byTarget = new Map(
    invokers.map((invoker) => [invoker.members.map(({ ref }) => targetKey(ref)).join(), invoker]),
  );
  const namespace = { name: "demo", labels: {}, annotations: {} };
  return {
    namespace: () => namespace,
    repository: (_namespace, name) => (name === "repo" ? repository : undefined),
    blueprint: () => undefined,
    backupBatch: () => undefined,
    backupsNaming: (target) => {
      const invoker = byTarget.get(target);
      return invoker === undefined ? [] : [invoker];
    },
    restoresNaming: () => [],
  };
}

/** A Deployment as the API server sends it, with containers, environment and managed fields of usual size. */
export function aBenchWorkload(name: string) {
  const container = (index: number) => ({
    name: `c${index}`,
    image: `registry.test/team/service-${index}:2024.05.1`,
    ports: [{ name: "http", containerPort: 8_080, protocol: "TCP" }],
    env: Array.from({ length: 20 }, (_, at) => ({ name: `SETTING_${at}`, value: `value-${at}-of-container-${index}` })),
    resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "100m", memory: "128Mi" } },
    volumeMounts: [{ name: "data", mountPath: "/data" }],
    livenessProbe: {
      httpGet: { path: "/healthz", port: "http", scheme: "HTTP" },
      timeoutSeconds: 1,
      periodSeconds: 10,
    },
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: "IfNotPresent",
  });
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name,
      namespace: "demo",
      uid: "5c2f3d0e",
      generation: 1,
      labels: { app: name },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "" },
    },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { creationTimestamp: null, labels: { app: name } },
        spec: {
          volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data" } }],
          containers: [0, 1, 2].map(container),
          restartPolicy: "Always",
          securityContext: {},
        },
      },
    },
  };
}

type Workload = ReturnType<typeof aBenchWorkload>;

/** A review of that size: what is missing is a long annotation, as clients write it. */
export function aReview(workload: Workload, old?: Workload): string {
  const kind = { group: "apps", version: "v1", kind: "Deployment" };
  const operation = old === undefined ? "CREATE" : "UPDATE";
  const userInfo = { username: "system:serviceaccount:gitops:sync", groups: ["system:authenticated"] };
  const review = {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid: "705ab4f5-6393-11e8-b7cc-42010a800002",
      kind,
      // As the API server writes it: the name stands before the object too.
      name: workload.metadata.name,
      namespace: "demo",
      operation,
      userInfo,
      object: workload,
      oldObject: old,
    },
  };
  const missing = REVIEW_BYTES - JSON.stringify(review).length;
  const filler = "x".repeat(Math.max(missing, 0));
  const annotations = { ...workload.metadata.annotations, "kubectl.kubernetes.io/last-applied-configuration": filler };
  const filled = { ...workload, metadata: { ...workload.metadata, annotations } };
  return JSON.stringify({ ...review, request: { ...review.request, object: filled } });
}

const gather = createGather({ world: createBenchWorld(), settings: SETTINGS, isSynced: () => true });

/** A workload as it is stored after its injection. */
export function anInjectedWorkload(name: string): Workload {
  const workload = aBenchWorkload(name);
  const review = parseReview(aReview(workload));
  if ("fault" in review) throw new Error(review.fault);
  const patch = mutate(review.request, gather).answer.patch ?? [];
  return jsonPatch.applyPatch(workload, structuredClone([...patch])).newDocument;
}

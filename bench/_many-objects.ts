/**
 * A cluster's worth of workloads and pods that concern nobody. They are put where the API server keeps them: made through it they would
 * take a machine of two cores half an hour. It reads them like all others.
 */
import { randomUUID } from "node:crypto";
import type { EtcdEntry } from "../tests/support/control-plane/etcd.ts";

/** Etcd takes 128 in one transaction. */
const AT_ONCE = 100;
const NAMESPACES = 500;

export interface ManyObjects {
  readonly deployments: number;
  readonly pods: number;
}

const container = (name: string) => ({
  name,
  image: `registry.example.com/team/app@sha256:${"a".repeat(64)}`,
  env: Array.from({ length: 20 }, (_, at) => ({ name: `VARIABLE_${at}`, value: `value-number-${at}-of-some-length` })),
  ports: [{ containerPort: 8_080, name: name === "app" ? "http" : "metrics", protocol: "TCP" }],
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
  livenessProbe: { httpGet: { path: "/healthz", port: 8_080 }, periodSeconds: 10 },
  readinessProbe: { httpGet: { path: "/ready", port: 8_080 }, periodSeconds: 10 },
  volumeMounts: [
    { name: "config", mountPath: "/etc/config" },
    { name: "data", mountPath: "/data" },
  ],
});

const SPEC = {
  containers: [container("app"), container("metrics")],
  volumes: [
    { name: "config", configMap: { name: "config" } },
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
  ],
  automountServiceAccountToken: false,
};

const namespaceOf = (index: number): string => `others-${index % NAMESPACES}`;
const metaOf = (index: number) => ({
  name: `app-${index}`,
  namespace: namespaceOf(index),
  uid: randomUUID(),
  generation: 1,
  creationTimestamp: new Date().toISOString(),
});

function deployment(index: number) {
  const labels = { app: `app-${index}`, "app.kubernetes.io/managed-by": "Helm" };
  const annotations = { "meta.helm.sh/release-name": `release-${index}` };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { ...metaOf(index), labels, annotations },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: `app-${index}` } },
      template: { metadata: { labels, annotations: { "checksum/config": `${index}`.padStart(64, "0") } }, spec: SPEC },
    },
  };
}

function pod(index: number) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metaOf(index), labels: { app: `app-${index >> 1}`, "pod-template-hash": "5d4f8c7b9" } },
    spec: SPEC,
  };
}

function namespace(index: number) {
  const { namespace: name, ...metadata } = metaOf(index);
  return { apiVersion: "v1", kind: "Namespace", metadata: { ...metadata, name }, status: { phase: "Active" } };
}

type Put = (entries: readonly EtcdEntry[]) => Promise<void>;

async function putAll(put: Put, count: number, entry: (index: number) => EtcdEntry): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const length = Math.min(AT_ONCE, count - from);
    await put(Array.from({ length }, (_, at) => entry(from + at)));
  }
}

/** Makes them all in namespaces `others-N`. */
export async function makeManyObjects(put: Put, { deployments, pods }: ManyObjects): Promise<void> {
  const at = (plural: string, index: number) => `/registry/${plural}/${namespaceOf(index)}/app-${index}`;
  await putAll(put, NAMESPACES, (index) => ({
    key: `/registry/namespaces/${namespaceOf(index)}`,
    value: namespace(index),
  }));
  await putAll(put, deployments, (index) => ({ key: at("deployments", index), value: deployment(index) }));
  await putAll(put, pods, (index) => ({ key: at("pods", index), value: pod(index) }));
}

/**
 * Values of Kubernetes' own types with fields that our schemas don't name, by the name of the field that holds them. What a
 * user writes there must come back whole.
 */
import type { OpenObject } from "../../../shared/api/schema.ts";

const httpProbe = { path: "/healthz", port: 8080, scheme: "HTTPS", httpHeaders: [{ name: "X-Probe", value: "1" }] };
const labelSelector = {
  matchLabels: { app: "web" },
  matchExpressions: [{ key: "tier", operator: "In", values: ["db"] }],
};
const podAffinityTerm = { labelSelector, namespaces: ["demo"], topologyKey: "kubernetes.io/hostname" };
const nodeSelectorTerm = { matchExpressions: [{ key: "disk", operator: "NotIn", values: ["hdd"] }] };

const volumeSource: OpenObject = {
  awsElasticBlockStore: { volumeID: "vol-1", fsType: "ext4", partition: 1, readOnly: true },
  cephfs: { monitors: ["10.0.0.1:6789"], user: "admin", secretRef: { name: "ceph" }, readOnly: true },
  csi: { driver: "csi.example.com", fsType: "ext4", volumeAttributes: { share: "a" }, readOnly: true },
  downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" }, mode: 256 }] },
  ephemeral: { volumeClaimTemplate: { metadata: { labels: { a: "b" } }, spec: { accessModes: ["ReadWriteOnce"] } } },
  iscsi: { targetPortal: "10.0.0.2", iqn: "iqn.2001-04.com.example:disk", lun: 0, portals: ["10.0.0.3"] },
  projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 600, audience: "vault" } }] },
};

export const KUBERNETES_VALUES: Readonly<Record<string, OpenObject>> = {
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodeSelectorTerm] },
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5, preference: nodeSelectorTerm }],
    },
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [podAffinityTerm] },
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 7, podAffinityTerm: { ...podAffinityTerm } }],
    },
  },
  livenessProbe: { httpGet: httpProbe, initialDelaySeconds: 3, periodSeconds: 4, terminationGracePeriodSeconds: 9 },
  readinessProbe: { exec: { command: ["true"] }, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 5 },
  lifecycle: {
    postStart: { exec: { command: ["sync"] } },
    preStop: { tcpSocket: { port: "http", host: "127.0.0.1" } },
  },
  securityContext: {
    seLinuxOptions: { level: "s0:c123,c456" },
    seccompProfile: { type: "Localhost", localhostProfile: "a.json" },
    windowsOptions: { runAsUserName: "ContainerUser" },
    sysctls: [{ name: "net.core.somaxconn", value: "1024" }],
    fsGroupChangePolicy: "OnRootMismatch",
    procMount: "Default",
  },
  topologySpreadConstraints: { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "DoNotSchedule", labelSelector },
  readinessGates: { conditionType: "example.com/ready" },
  resources: { claims: [{ name: "gpu", request: "one" }] },
  valueFrom: { resourceFieldRef: { containerName: "app", resource: "limits.memory", divisor: "1Mi" } },
  volumeMounts: { recursiveReadOnly: "IfPossible" },
  ports: { appProtocol: "h2c" },
  local: volumeSource,
  volumes: volumeSource,
  emptyDir: { medium: "HugePages-2Mi" },
  secret: { items: [{ key: "a", path: "b", mode: 256 }], defaultMode: 288 },
  configMap: { items: [{ key: "a", path: "b" }], defaultMode: 288 },
  spec: { dataSourceRef: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: "s", namespace: "x" } },
  status: { phase: "Bound", capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"] },
  parameters: {
    apiVersion: "config.example.com/v1",
    kind: "Topology",
    metadata: { labels: { a: "b" } },
    replicaSets: { a: 1 },
  },
};

/**
 * What tests of harmless injections repeat: an application, its backup, what is told about it. One file holds many cases on one cluster, each
 * in a namespace of its own, so that they run side by side.
 */
import { parseBackupConfiguration } from "../../../shared/api/backup-configuration.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { type JsonObject, objectsAt } from "../../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../../shared/json/value.ts";
import { KubeError } from "../../../shared/kube/client/error.ts";
import { asIs } from "../../../shared/kube/client/interface.ts";
import { eventually } from "../eventually.ts";
import { applyManifests, type Manifest } from "../objects/apply.ts";
import { listPods, waitForContainer, waitForPods } from "../objects/pods.ts";
import { KUBERNETES } from "../objects/resources.ts";
import type { Installation } from "../product/installed-cluster.ts";

export const STAGE_TIMEOUT_MS = 120_000;

export type WorkloadKind = "Deployment" | "StatefulSet" | "DaemonSet";

export interface ApplicationShape {
  readonly kind?: WorkloadKind;
  readonly name?: string;
  readonly metadata?: object;
  /** Besides selector and template. */
  readonly spec?: object;
  readonly podSpec?: object;
  readonly container?: object;
}

/** A workload `app` of one container that runs until it is killed, with a folder of data at /data. */
export function anApplication(namespace: string, shape: ApplicationShape = {}) {
  const { kind = "Deployment", name = "app", metadata, spec, podSpec, container } = shape;
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name, namespace, ...metadata },
    spec: {
      selector: { matchLabels: { app: name } },
      ...spec,
      template: {
        metadata: { labels: { app: name } },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: "app",
              image: "app:1",
              command: ["sh", "-c", "echo kept >/data/file && sleep infinity"],
              resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
              volumeMounts: [{ name: "data", mountPath: "/data" }],
              ...container,
            },
          ],
          volumes: [{ name: "data", emptyDir: {} }],
          ...podSpec,
        },
      },
    },
  };
}

export interface BackupShape {
  readonly kind?: WorkloadKind;
  /** Of the workload and of its BackupConfiguration. */
  readonly name?: string;
  readonly target?: object;
  readonly spec?: object;
}

export function aBackupOf(namespace: string, { kind = "Deployment", name = "app", target, spec }: BackupShape = {}) {
  return {
    apiVersion: KINDS.BackupConfiguration.apiVersion,
    kind: "BackupConfiguration",
    metadata: { name, namespace },
    spec: {
      schedule: "0 0 1 1 *",
      repository: { name: "store" },
      retentionPolicy: { name: "keep", keepLast: 2, prune: true },
      target: {
        ref: { apiVersion: "apps/v1", kind, name },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
        paths: ["/data"],
        ...target,
      },
      ...spec,
    },
  };
}

/** A namespace with a Repository; nobody is behind its address unless another backend is given. */
export function aNamespace(
  name: string,
  { metadata, backend }: { readonly metadata?: object; readonly backend?: object } = {},
) {
  const rest = { url: "http://127.0.0.1:1/" };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name, ...metadata } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "backend", namespace: name },
      stringData: { RESTIC_PASSWORD: "not-a-secret" },
    },
    {
      apiVersion: "stash.appscode.com/v1alpha1",
      kind: "Repository",
      metadata: { name: "store", namespace: name },
      spec: { backend: { storageSecretName: "backend", ...(backend ?? { rest }) } },
    },
  ];
}

const PODS = { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] };

/** A rule of the cluster for the pods of one namespace, or for other objects, and what is said to those that break it. */
export function aPolicy(namespace: string, expression: string, message: string, rule: object = PODS) {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: namespace };
  return [
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicy",
      metadata,
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [rule],
        },
        validations: [{ expression, message }],
      },
    },
    {
      apiVersion,
      kind: "ValidatingAdmissionPolicyBinding",
      metadata,
      spec: { policyName: namespace, validationActions: ["Deny"] },
    },
  ];
}

/** @param installation asked for each time: it starts after the file was read */
export function harmlessStage(installation: () => Pick<Installation, "client">) {
  const client = () => installation().client;

  async function condition(namespace: string, name = "app") {
    const invoker = await client().find(KINDS.BackupConfiguration, namespace, name, parseBackupConfiguration);
    return invoker?.status?.conditions?.find(({ type }) => type === "StashSidecarInjected");
  }

  const stage = {
    apply: (...objects: readonly (Manifest | readonly Manifest[])[]) => applyManifests(client(), objects.flat()),

    condition,

    /** Waits until the condition of a BackupConfiguration has the reason. @returns its message */
    async untilReason(namespace: string, reason: string, name = "app"): Promise<string> {
      const read = () => condition(namespace, name);
      const found = await eventually(read, (one) => one?.reason === reason, STAGE_TIMEOUT_MS);
      return found?.message ?? "";
    },

    /** Waits until the workload's pods are ready with the sidecar, and the condition says so. @returns the first of them */
    async untilInjected(namespace: string, name = "app", count = 1) {
      const pods = await waitForContainer(client(), namespace, `app=${name}`, "stash", count, STAGE_TIMEOUT_MS);
      await stage.untilReason(namespace, "SidecarInjectionSucceeded", name);
      return pods[0];
    },

    /** Waits until all pods are ready and the application is alone in them. */
    async untilAlone(namespace: string, name = "app", count = 1): Promise<void> {
      const at = { namespace, selector: `app=${name}`, timeoutMs: STAGE_TIMEOUT_MS };
      await waitForPods(client(), at, (pods) => {
        const isAlone = pods.every((pod) => pod.isReady && !pod.containers.includes("stash") && !pod.isBeingDeleted);
        return pods.length === count && isAlone;
      });
    },

    pods: (namespace: string, name = "app") => listPods(client(), namespace, `app=${name}`),

    workload: (namespace: string, kind: WorkloadKind = "Deployment", name = "app") =>
      client().get(KUBERNETES[kind], namespace, name, asIs),

    patch: (namespace: string, body: object, kind: WorkloadKind = "Deployment", name = "app") =>
      client().patch(KUBERNETES[kind], namespace, name, { kind: "merge", body }, asIs),

    /** Names of the containers in the template, init-containers first. */
    async templateNames(namespace: string, kind: WorkloadKind = "Deployment", name = "app") {
      const template = valueAt(await stage.workload(namespace, kind, name), "spec", "template");
      return ["initContainers", "containers"].flatMap((list) =>
        objectsAt(template, "spec", list).map((container) => textAt(container, "name")),
      );
    },

    /** The sidecar of a pod, as the API server has it; undefined when the pod has gone. */
    async sidecarOf(namespace: string, pod: string): Promise<JsonObject | undefined> {
      const stored = await client().find(KUBERNETES.Pod, namespace, pod, asIs);
      return objectsAt(stored, "spec", "containers").find(({ name }) => name === "stash");
    },

    /** Waits for a Warning about an object of that kind. @returns its message */
    async untilEvent(namespace: string, reason: string, kind = "Deployment"): Promise<string> {
      const read = async () => {
        const { items } = await client().list(KUBERNETES.Event, namespace, asIs);
        return items.find(
          (event) => textAt(event, "involvedObject", "kind") === kind && textAt(event, "reason") === reason,
        );
      };
      const event = await eventually(read, (one) => one !== undefined, STAGE_TIMEOUT_MS);
      return textAt(event, "message") ?? "";
    },

    /** Puts a policy in force: API servers read new ones about once a second. */
    async enforce(namespace: string, expression: string, message: string): Promise<void> {
      await stage.apply(...aPolicy(namespace, expression, message));
      const probe = { ...aProbe(namespace), metadata: { name: "probe", namespace, labels: { probe: "yes" } } };
      const isInForce = async () => {
        try {
          await client().create(KUBERNETES.Pod, namespace, probe, asIs, { dryRun: true });
          return false;
        } catch (error) {
          return error instanceof KubeError && error.detail.includes(message);
        }
      };
      await eventually(isInForce, true, STAGE_TIMEOUT_MS);
    },

    async lift(namespace: string): Promise<void> {
      for (const kind of ["ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"] as const) {
        await client().delete(KUBERNETES[kind], undefined, namespace);
      }
    },
  };
  return stage;
}

/** A pod that every rule of these tests forbids. */
function aProbe(namespace: string) {
  const securityContext = { runAsUser: 0, capabilities: { add: ["CHOWN"] } };
  const container = { name: "probe", image: "probe:1", securityContext };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "probe", namespace },
    spec: { containers: [container], initContainers: [{ ...container, name: "first" }] },
  };
}

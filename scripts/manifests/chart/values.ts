/** Every value of the chart: its default, what it may be and what it does. values.yaml, its schema and docs/chart.md are made of these. */
import { join } from "node:path";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { textAt, valueAt } from "../../../shared/json/value.ts";
import { readObjects } from "../compose.ts";
import {
  COUNT,
  FLAG,
  FLAGS,
  LABELS,
  NAME,
  NAME_OR_NONE,
  RESOURCE_LIST,
  RESOURCES,
  SECRET_NAME,
  TOLERATION,
} from "./value-schemas.ts";

const BASE = join(import.meta.dirname, "../../../manifests/base");

/** JSON schema of one value. */
export type ValueSchema = Readonly<Record<string, unknown>>;

export interface ChartValue {
  /** From the top, such as `image.tag`. */
  readonly path: string;
  readonly fallback: unknown;
  readonly schema: ValueSchema;
  readonly meaning: string;
}

function programOf(name: "webhook" | "reconciler"): unknown {
  return readObjects(join(BASE, `deployment-${name}.yaml`))[0];
}

function uiResources(): unknown {
  const objects = readObjects(join(BASE, "../overlays/ui/ui.yaml"));
  const deployment = objects.find((object) => textAt(object, "kind") === "Deployment");
  const [container] = objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers");
  return valueAt(container, "resources");
}

function settings(key: string): unknown {
  return valueAt(readObjects(join(BASE, "settings.yaml"))[0], "data", key);
}

function programValues(name: "webhook" | "reconciler"): readonly ChartValue[] {
  const deployment = programOf(name);
  const [container] = objectsAt(valueAt(deployment, "spec", "template", "spec"), "containers");
  return [
    {
      path: `${name}.replicas`,
      fallback: valueAt(deployment, "spec", "replicas"),
      schema: COUNT,
      meaning: `Replicas of the ${name}; one is enough where an outage of a minute does not matter.`,
    },
    {
      path: `${name}.resources`,
      fallback: valueAt(container, "resources"),
      schema: RESOURCES,
      meaning: `What the ${name} requests and may use.`,
    },
    {
      path: `${name}.extraArgs`,
      fallback: [],
      schema: FLAGS,
      meaning: `Further flags of the ${name}: stash-batch ${name} --help lists them.`,
    },
  ];
}

export const CHART_VALUES: readonly ChartValue[] = [
  {
    path: "image.registry",
    fallback: "",
    schema: { type: "string", pattern: "^([a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._/-]+)?)?$" },
    meaning: "Registry that you pushed the image to. It must be given: no image is published.",
  },
  {
    path: "image.repository",
    fallback: "stash-batch",
    schema: { type: "string", pattern: "^[a-z0-9]+([._/-][a-z0-9]+)*$" },
    meaning: "Its name there.",
  },
  {
    path: "image.tag",
    fallback: "",
    schema: { type: "string", pattern: "^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$" },
    meaning: "Its tag; the version of the chart's application when empty.",
  },
  {
    path: "image.digest",
    fallback: "",
    schema: { type: "string", pattern: "^(sha256:[a-f0-9]{64})?$" },
    meaning: "Its digest, instead of a tag.",
  },
  {
    path: "image.pullPolicy",
    fallback: "",
    schema: { type: "string", enum: ["", "Always", "IfNotPresent", "Never"] },
    meaning: "When a node pulls it; Kubernetes decides when empty.",
  },
  {
    path: "pullSecrets",
    fallback: [],
    schema: { type: "array", items: SECRET_NAME, uniqueItems: true },
    meaning: "Secrets of the release's namespace with which the image is pulled. They are copied beside each sidecar.",
  },
  ...programValues("webhook"),
  ...programValues("reconciler"),
  {
    path: "ui.enabled",
    fallback: false,
    schema: FLAG,
    meaning: "Serves the pages of `kubectl stash ui` in the cluster, for a proxy that signs people in: see docs/ui.md.",
  },
  {
    path: "ui.publicUrl",
    fallback: "",
    schema: { type: "string", pattern: "^(https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9_./-]*)?)?$" },
    meaning: "The proxy's address, as browsers have it. It must be given with ui.enabled.",
  },
  {
    path: "ui.allowActions",
    fallback: false,
    schema: FLAG,
    meaning: "Lets people back up and restore by clicks, each with his own rights; else the pages only look.",
  },
  {
    path: "ui.proxyNamespace",
    fallback: "",
    schema: NAME_OR_NONE,
    meaning: "The proxy's namespace, which alone may ask; the release's own when empty.",
  },
  {
    path: "ui.tlsSecret",
    fallback: "",
    schema: { ...SECRET_NAME, pattern: "^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$" },
    meaning:
      "Secret of the release's namespace, of type kubernetes.io/tls, to serve the pages with; when empty, tokens travel readable from the proxy.",
  },
  {
    path: "ui.resources",
    fallback: uiResources(),
    schema: RESOURCES,
    meaning: "What the pages' server requests and may use; it holds what each who looks on may see.",
  },
  {
    path: "nodeSelector",
    fallback: {},
    schema: LABELS,
    meaning: "Further labels of the nodes that our programs may run on.",
  },
  {
    path: "tolerations",
    fallback: [],
    schema: { type: "array", items: TOLERATION },
    meaning: "Taints that our programs bear.",
  },
  {
    path: "injected.sidecarResources",
    fallback: settings("sidecar-resources"),
    schema: RESOURCE_LIST,
    meaning: "What a sidecar requests and may use where neither workload nor invoker says otherwise.",
  },
  {
    path: "injected.restoreResources",
    fallback: settings("restore-resources"),
    schema: RESOURCE_LIST,
    meaning: "The same of the init-container of a restore.",
  },
  {
    path: "injected.jobResources",
    fallback: settings("job-resources"),
    schema: RESOURCE_LIST,
    meaning: "The same of each container of a job.",
  },
  {
    path: "watchNamespace",
    fallback: "",
    schema: NAME_OR_NONE,
    meaning: "The one namespace to look after; then there are no rights in others. All namespaces when empty.",
  },
  {
    path: "crds.install",
    fallback: true,
    schema: FLAG,
    meaning: "Brings the definitions, and brings them up to date with each upgrade.",
  },
  {
    path: "crds.keep",
    fallback: true,
    schema: FLAG,
    meaning: "Leaves them, and all invokers, sessions and Repositories, when the release is uninstalled.",
  },
  {
    path: "namespace.create",
    fallback: false,
    schema: FLAG,
    meaning:
      "Makes the release's namespace a part of the release, with its Pod Security labels. Not together with --create-namespace.",
  },
  {
    path: "priorityClass.create",
    fallback: true,
    schema: FLAG,
    meaning: "Makes the PriorityClass stash-batch; without it there must be one.",
  },
  { path: "networkPolicy.enabled", fallback: true, schema: FLAG, meaning: "Lets nothing in but reviews and metrics." },
  {
    path: "networkPolicy.monitoringNamespace",
    fallback: "monitoring",
    schema: NAME,
    meaning: "The namespace that may ask for the reconciler's metrics.",
  },
  {
    path: "certManager.enabled",
    fallback: false,
    schema: FLAG,
    meaning: "cert-manager makes the serving certificate; the webhook may then write neither it nor the CA bundle.",
  },
  {
    path: "matchConditions.enabled",
    fallback: false,
    schema: FLAG,
    meaning: "For servers from 1.28: writes that concern nobody's backup don't come to the webhook.",
  },
  {
    path: "snapshotApi.enabled",
    fallback: false,
    schema: FLAG,
    meaning: "Serves `kubectl get snapshots`. While the webhook is away, no namespace of the cluster can be deleted.",
  },
  {
    path: "serviceMonitor.enabled",
    fallback: false,
    schema: FLAG,
    meaning: "Makes ServiceMonitors for the Prometheus operator.",
  },
  {
    path: "serviceMonitor.labels",
    fallback: {},
    schema: LABELS,
    meaning: "Further labels that your Prometheus selects by.",
  },
  { path: "prometheusRule.enabled", fallback: false, schema: FLAG, meaning: "Makes the alerts." },
  {
    path: "prometheusRule.labels",
    fallback: {},
    schema: LABELS,
    meaning: "Further labels that your Prometheus selects by.",
  },
  {
    path: "prometheusRule.runbooks",
    fallback: "",
    schema: { type: "string", pattern: "^(https?://.*/)?$" },
    meaning: "What stands before docs/runbooks.md in the alerts' links: the address of your copy of this repository.",
  },
  { path: "grafanaDashboard.enabled", fallback: false, schema: FLAG, meaning: "Makes the dashboard, as a ConfigMap." },
  {
    path: "grafanaDashboard.labels",
    fallback: { grafana_dashboard: "1" },
    schema: LABELS,
    meaning: "Labels that Grafana's sidecar looks for.",
  },
  { path: "tests.enabled", fallback: true, schema: FLAG, meaning: "Lets `helm test` run the doctor in the cluster." },
  {
    path: "tests.probeNamespace",
    fallback: "default",
    schema: NAME,
    meaning: "Where the doctor tries the webhook by dry runs; not the release's own namespace.",
  },
];

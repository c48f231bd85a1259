/**
 * The two webhook configurations of an installation, for a server version. Workloads that opted in by label go through an
 * entry that fails closed, all others through one that fails open.
 */
import { KINDS } from "../shared/api/kinds.ts";
import { Annotation, INJECT_DISABLED, Install, Label } from "../shared/contract.ts";

/** Where the API server finds the webhook: a Service, or a URL without path when it runs outside the cluster. */
export type WebhookAddress =
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number }
  | { readonly kind: "url"; readonly url: string };

export interface ConfigurationOptions {
  readonly address: WebhookAddress;
  /** PEM text; left out where something else fills it in. */
  readonly caBundle?: string;
  /** Minor version of the API server, such as 29; 20 when unknown. */
  readonly serverMinor?: number;
  /** Namespaces that never come to us, told apart by the label that servers from 1.21 give every namespace. */
  readonly excludedNamespaces?: readonly string[];
}

const DEFAULT_EXCLUDED_NAMESPACES: readonly string[] = ["kube-system", Install.Namespace];

/** Address of the Service that the manifests install. */
export const INSTALLED_ADDRESS: WebhookAddress = {
  kind: "service",
  namespace: Install.Namespace,
  name: Install.WebhookService,
  port: 443,
};

const ADMISSION_VERSION = "admissionregistration.k8s.io/v1";
/** A decision takes a millisecond; this bounds what an outage adds to a request that goes in anyway. */
const TIMEOUT_SECONDS = 3;
/** Beta and on by default from here. */
export const MATCH_CONDITIONS_SINCE_MINOR = 28;

const WRITES = ["CREATE", "UPDATE"] as const;
const ALL_WORKLOADS = [
  rule("apps", "v1", ["deployments", "statefulsets", "daemonsets"], WRITES),
  rule("apps.openshift.io", "v1", ["deploymentconfigs"], WRITES),
];
const INVOKERS = ["backupconfigurations", "backupbatches", "restoresessions", "restorebatches"];
const STASH_GROUP = "stash.appscode.com";

/** The MutatingWebhookConfiguration. */
export function buildMutatingConfiguration(options: ConfigurationOptions) {
  const common = { ...commonFields(options, "/mutate"), reinvocationPolicy: "IfNeeded" };
  const workloads = { ...common, ...namespaceFilter(options), rules: ALL_WORKLOADS, ...matchConditions(options) };
  return configuration("MutatingWebhookConfiguration", Install.MutatingConfiguration, [
    {
      name: "labelled.workloads.stash.appscode.com",
      ...workloads,
      objectSelector: { matchExpressions: [{ key: Label.BackupBatch, operator: "Exists" }] },
      failurePolicy: "Fail",
    },
    {
      name: "workloads.stash.appscode.com",
      ...workloads,
      objectSelector: { matchExpressions: [{ key: Label.BackupBatch, operator: "DoesNotExist" }] },
      failurePolicy: "Ignore",
    },
    {
      name: "restoresessions.stash.appscode.com",
      ...common,
      rules: [rule(STASH_GROUP, "v1beta1", ["restoresessions"], WRITES)],
      failurePolicy: "Ignore",
    },
  ]);
}

/**
 * The ValidatingWebhookConfiguration. What could point our rights at others' workloads fails closed, new drills too, and so do the reports
 * of agents, which wait for an answer and are sent again; sessions and host runs, which the reconciler makes all the time, fail open:
 * nobody is asked for rights by them.
 */
export function buildValidatingConfiguration(options: ConfigurationOptions) {
  const common = commonFields(options, "/validate");
  return configuration("ValidatingWebhookConfiguration", Install.ValidatingConfiguration, [
    {
      name: "invokers.stash.appscode.com",
      ...common,
      rules: [
        rule(STASH_GROUP, "v1alpha1", ["repositories"], WRITES),
        rule(STASH_GROUP, "v1beta1", [...INVOKERS, "backupblueprints", "backupverifiers"], WRITES),
        rule(STASH_GROUP, "v1beta1", ["backupverificationsessions"], ["CREATE"]),
        rule(KINDS.AppBinding.group, KINDS.AppBinding.version, [KINDS.AppBinding.plural], WRITES),
      ],
      failurePolicy: "Fail",
    },
    {
      name: "sessions.stash.appscode.com",
      ...common,
      rules: [
        rule(STASH_GROUP, "v1beta1", ["backupsessions"], WRITES),
        rule(STASH_GROUP, "v1beta1", ["backupverificationsessions"], ["UPDATE"]),
      ],
      failurePolicy: "Ignore",
    },
    {
      name: "reports.stash.appscode.com",
      ...common,
      rules: [rule(STASH_GROUP, "v1beta1", ["hostruns/status"], ["UPDATE"])],
      failurePolicy: "Fail",
    },
    {
      name: "hostruns.stash.appscode.com",
      ...common,
      rules: [rule(STASH_GROUP, "v1beta1", ["hostruns"], WRITES)],
      failurePolicy: "Ignore",
    },
  ]);
}

function configuration<Webhook>(kind: string, name: string, webhooks: readonly Webhook[]) {
  const metadata = { name, labels: { "app.kubernetes.io/name": Install.Namespace } };
  return { apiVersion: ADMISSION_VERSION, kind, metadata, webhooks };
}

function rule(apiGroup: string, version: string, resources: readonly string[], operations: readonly string[]) {
  const scope = resources.includes("backupblueprints") ? "*" : "Namespaced";
  return { apiGroups: [apiGroup], apiVersions: [version], resources, operations, scope };
}

function commonFields({ address, caBundle }: ConfigurationOptions, path: string) {
  const target =
    address.kind === "url"
      ? { url: `${address.url}${path}` }
      : { service: { namespace: address.namespace, name: address.name, port: address.port, path } };
  return {
    clientConfig: {
      ...target,
      ...(caBundle !== undefined && { caBundle: Buffer.from(caBundle).toString("base64") }),
    },
    admissionReviewVersions: ["v1", "v1beta1"],
    matchPolicy: "Equivalent",
    sideEffects: "None",
    timeoutSeconds: TIMEOUT_SECONDS,
  };
}

function namespaceFilter({ excludedNamespaces = DEFAULT_EXCLUDED_NAMESPACES }: ConfigurationOptions) {
  const matchExpressions = [
    { key: "kubernetes.io/metadata.name", operator: "NotIn", values: excludedNamespaces },
    { key: Annotation.Inject, operator: "NotIn", values: [INJECT_DISABLED] },
  ];
  return { namespaceSelector: { matchExpressions } };
}

/** What a workload's owner or the reconciler says to us. */
const OUR_ANNOTATIONS = [
  Annotation.RequestedInjection,
  Annotation.RequestedRestore,
  Annotation.Inject,
  Annotation.BackupBlueprint,
  Annotation.TargetPaths,
  Annotation.VolumeMounts,
  Annotation.Alias,
  Annotation.KeptStrategy,
];

/**
 * All but updates that change neither the pod template, nor the strategy, nor what a person may set for us: those of controllers,
 * which write revisions and replicas all the time, and which an outage must not stop. One that changes nothing at all is the
 * reconciler's, which sends a workload through admission again.
 */
const CONCERNS_US = [
  "request.operation != 'UPDATE'",
  "object.spec.template != oldObject.spec.template",
  `${childOf("object.spec", "strategy")} != ${childOf("oldObject.spec", "strategy")}`,
  `${childOf("object.metadata", "labels")} != ${childOf("oldObject.metadata", "labels")}`,
  `(object.spec == oldObject.spec && ${childOf("object.metadata", "annotations")} == ${childOf("oldObject.metadata", "annotations")})`,
  ...OUR_ANNOTATIONS.map((key) => `${annotationOf("object", key)} != ${annotationOf("oldObject", key)}`),
].join(" || ");

function childOf(object: string, key: string): string {
  return `(has(${object}.${key}) ? ${object}.${key} : {})`;
}

function annotationOf(object: string, key: string): string {
  const annotations = `${object}.metadata.annotations`;
  return `(has(${annotations}) && '${key}' in ${annotations} ? ${annotations}['${key}'] : '')`;
}

function matchConditions({ serverMinor = 20 }: ConfigurationOptions) {
  if (serverMinor < MATCH_CONDITIONS_SINCE_MINOR) return {};
  return { matchConditions: [{ name: "concerns-us", expression: CONCERNS_US }] };
}

/** The templates of the chart, from the same objects as install.yaml and the overlays. */
import { join } from "node:path";
import { isJsonObject, listAt, textAt } from "../../../shared/json/value.ts";
import { type ReadText, readObjects } from "../compose.ts";
import { deploymentTemplate, uiPolicyTemplate, uiTemplate } from "./deployment-template.ts";
import { monitoringFiles } from "./monitoring-templates.ts";
import {
  at,
  type ChartFile,
  type Context,
  isNamed,
  MANIFESTS,
  merged,
  patched,
  RELEASE_NAMESPACE,
  SERVES_SNAPSHOTS,
  WATCHES_ONE,
  withNamespaces,
} from "./template-context.ts";
import { fileOf, under } from "./template-file.ts";
import { TemplateText } from "./template-text.ts";

/** The rules that cert-manager leaves to the webhook, beside those that it has without. */
function withCertManagerRules(context: Context, role: unknown): unknown {
  const { text, readText } = context;
  const file = textAt(role, "kind") === "Role" ? "role.yaml" : "cluster-role.yaml";
  const few = readObjects(join(MANIFESTS, "overlays/cert-manager", file), readText)[0];
  if (few === undefined || !isJsonObject(role)) return role;
  const { rules, ...rest } = role;
  const either = (indent: string) => [
    "{{- if .Values.certManager.enabled }}",
    ...text.yaml({ rules: listAt(few, "rules") }, indent),
    "{{- else }}",
    ...text.yaml({ rules }, indent),
    "{{- end }}",
  ];
  return { ...rest, ...text.entry(either) };
}

/** What an object of the base becomes. */
function templateOf(context: Context, object: unknown): unknown {
  const { text } = context;
  if (isNamed(object, "Deployment", "stash-batch-webhook")) return deploymentTemplate(context, object, "webhook");
  if (isNamed(object, "Deployment", "stash-batch-reconciler")) return deploymentTemplate(context, object, "reconciler");
  if (isNamed(object, "Role", "stash-batch-webhook") || isNamed(object, "ClusterRole", "stash-batch-webhook")) {
    return withCertManagerRules(context, object);
  }
  if (isNamed(object, "Deployment", "stash-batch-ui")) return uiTemplate(context, object);
  if (isNamed(object, "NetworkPolicy", "stash-batch-ui")) return uiPolicyTemplate(context, object);
  if (isNamed(object, "ConfigMap")) {
    const value = (expression: string) => () => text.inline(`${expression} | quote`);
    const named = at(object, ["data", "sidecar-resources"], value(".Values.injected.sidecarResources"));
    const restores = at(named, ["data", "restore-resources"], value(".Values.injected.restoreResources"));
    const jobs = at(restores, ["data", "job-resources"], value(".Values.injected.jobResources"));
    return at(jobs, ["data", "pull-secrets"], value('join "," .Values.pullSecrets'));
  }
  if (isNamed(object, "Service", "stash-batch-webhook")) {
    return patched(context, object, "snapshot-api/service.yaml", SERVES_SNAPSHOTS);
  }
  if (isNamed(object, "NetworkPolicy", "stash-batch-webhook")) {
    return patched(context, object, "snapshot-api/network-policy.yaml", SERVES_SNAPSHOTS);
  }
  if (textAt(object, "kind") === "APIService") {
    return patched(context, object, "cert-manager/injection.yaml", ".Values.certManager.enabled");
  }
  if (isNamed(object, "NetworkPolicy", "stash-batch-reconciler")) {
    const path = ["spec", "ingress", 0, "from", 0, "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name"];
    return at(object, path, () => text.inline(".Values.networkPolicy.monitoringNamespace | quote"));
  }
  if (isNamed(object, "Namespace")) {
    const name = () => text.inline(`${RELEASE_NAMESPACE} | quote`);
    return at(at(object, ["metadata", "name"], name), ["metadata", "labels", "kubernetes.io/metadata.name"], name);
  }
  if (isNamed(object, "MutatingWebhookConfiguration")) {
    const annotated = patched(context, object, "cert-manager/injection.yaml", ".Values.certManager.enabled");
    const narrowed = patched(context, annotated, "namespaced/selector-mutating.yaml", WATCHES_ONE);
    return patched(context, narrowed, "match-conditions/conditions.yaml", ".Values.matchConditions.enabled");
  }
  if (isNamed(object, "ValidatingWebhookConfiguration")) {
    const annotated = patched(context, object, "cert-manager/injection.yaml", ".Values.certManager.enabled");
    return patched(context, annotated, "namespaced/selector-validating.yaml", WATCHES_ONE);
  }
  return object;
}

/** Which value a kind or file of the base hangs on. */
const CONDITIONS: readonly (readonly [(object: unknown) => boolean, string])[] = [
  [(object) => isNamed(object, "Namespace"), ".Values.namespace.create"],
  [(object) => isNamed(object, "PriorityClass"), ".Values.priorityClass.create"],
  [(object) => textAt(object, "kind") === "NetworkPolicy", ".Values.networkPolicy.enabled"],
  [(object) => isNamed(object, "ClusterRoleBinding", "stash-batch-reconciler"), `not ${WATCHES_ONE}`],
];

function renderObjects(context: Context, objects: readonly unknown[]): string {
  return objects
    .map((object) => {
      const condition = CONDITIONS.find(([matches]) => matches(object))?.[1];
      const template = withNamespaces(templateOf(context, object), context.text);
      return under(condition, context.text.render([template]));
    })
    .join("---\n");
}

/** One file of the base, as a template. */
function baseFile(readText: ReadText, file: string): ChartFile {
  const context = { text: new TemplateText(), readText };
  return fileOf(file, renderObjects(context, readObjects(join(MANIFESTS, "base", file), readText)));
}

function overlayFile(readText: ReadText, source: string, target: string, condition: string): ChartFile {
  const context = { text: new TemplateText(), readText };
  const objects = readObjects(join(MANIFESTS, source), readText);
  return fileOf(target, under(condition, renderObjects(context, objects)));
}

/** A definition: everything as it is, and the word that Helm is to leave it alone at the end. */
function definitionFile(readText: ReadText, file: string): ChartFile {
  const [definition] = readObjects(join(MANIFESTS, "crds", file), readText);
  const text = new TemplateText();
  const kept = at(definition, ["metadata"], (metadata) =>
    merged(
      metadata,
      text.entry(text.when(".Values.crds.keep", { annotations: { "helm.sh/resource-policy": "keep" } })),
    ),
  );
  return fileOf(`crds/${file}`, under(".Values.crds.install", text.render([kept])));
}

/** @param files names of the base's and the definitions' files, in the order of their kustomizations */
export function renderTemplates(
  files: { readonly base: readonly string[]; readonly crds: readonly string[] },
  readText: ReadText,
): readonly ChartFile[] {
  return [
    ...files.crds.map((file) => definitionFile(readText, file)),
    ...files.base.map((file) => baseFile(readText, file)),
    overlayFile(
      readText,
      "overlays/cert-manager/certificates.yaml",
      "certificates.yaml",
      ".Values.certManager.enabled",
    ),
    overlayFile(readText, "overlays/namespaced/rights.yaml", "rbac-one-namespace.yaml", WATCHES_ONE),
    overlayFile(readText, "overlays/ui/ui.yaml", "ui.yaml", ".Values.ui.enabled"),
    overlayFile(readText, "overlays/snapshot-api/api-service.yaml", "api-service.yaml", SERVES_SNAPSHOTS),
    overlayFile(readText, "overlays/snapshot-api/rights.yaml", "rbac-snapshots.yaml", SERVES_SNAPSHOTS),
    ...monitoringFiles(readText),
  ];
}

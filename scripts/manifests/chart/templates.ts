/** The templates of the chart, from the same objects as install.yaml and the overlays. */
import { join } from "node:path";
import { parse } from "yaml";
import { isJsonObject, listAt, textAt } from "../../../shared/kube/json-value.ts";
import { type ReadText, readObjects } from "../compose.ts";
import { type Addition, readAdditions, withAddition } from "./patches.ts";
import { TemplateText } from "./template-text.ts";

const MANIFESTS = join(import.meta.dirname, "../../../manifests");
const NAMESPACE = "stash-batch";
/** The namespace that the overlay `namespaced` names. */
const WATCHED = "applications";

const RELEASE_NAMESPACE = ".Release.Namespace";
const WATCHES_ONE = ".Values.watchNamespace";

interface Context {
  readonly text: TemplateText;
  readonly readText: ReadText;
}

export interface ChartFile {
  /** From the chart's folder. */
  readonly path: string;
  readonly text: string;
}

/** Puts marks for the release's namespace, and for the one that is looked after, wherever the manifests name theirs. */
function withNamespaces(node: unknown, text: TemplateText): unknown {
  const release = (suffix = "") => text.inline(`${RELEASE_NAMESPACE}${suffix}`);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") {
      if (value === WATCHED) return text.inline(`${WATCHES_ONE} | quote`);
      if (value === `--watch-namespace=${WATCHED}`) return `--watch-namespace=${text.inline(WATCHES_ONE)}`;
      if (value === NAMESPACE && key === "namespace") return release(" | quote");
      return value
        .replace(`serviceaccount:${NAMESPACE}:`, () => `serviceaccount:${release()}:`)
        .replace(`.${NAMESPACE}.svc`, () => `.${release()}.svc`)
        .replace(`${NAMESPACE}/`, () => (value.includes("invalid") ? `${NAMESPACE}/` : `${release()}/`));
    }
    if (Array.isArray(value)) return value.map((item: unknown) => walk(item, key));
    if (!isJsonObject(value)) return value;
    const isByName = value["key"] === "kubernetes.io/metadata.name";
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [
        name,
        walk(child, isByName && name === "values" ? "namespace" : name),
      ]),
    );
  };
  return walk(node, "");
}

function overlayPatch({ readText }: Context, file: string): readonly Addition[] {
  return readAdditions(parse(readText(join(MANIFESTS, "overlays", file))));
}

/** Applies the additions of a file of an overlay under a condition. */
function patched(context: Context, object: unknown, file: string, condition: string): unknown {
  const { text } = context;
  return overlayPatch(context, file).reduce<unknown>(
    (result, addition) => withAddition(result, addition, text, condition, (value) => withNamespaces(value, text)),
    object,
  );
}

function isNamed(object: unknown, kind: string, name = NAMESPACE): boolean {
  return textAt(object, "kind") === kind && textAt(object, "metadata", "name") === name;
}

/** Replaces what stands at a path. */
function at(node: unknown, path: readonly (string | number)[], change: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(node);
  if (Array.isArray(node)) return node.map((item: unknown, index) => (index === key ? at(item, rest, change) : item));
  if (!isJsonObject(node)) throw new Error(`no ${String(key)} to change`);
  return { ...node, [key]: at(node[key], rest, change) };
}

function merged(value: unknown, more: object): unknown {
  return isJsonObject(value) ? { ...value, ...more } : value;
}

const yamlOf =
  (expression: string, key: string) =>
  (indent: string): readonly string[] => [
    `{{- with ${expression} }}`,
    `${indent}${key}:`,
    `${indent}  {{- toYaml . | nindent ${indent.length + 2} }}`,
    "{{- end }}",
  ];

/** Lines of a value that is a list of flags. */
const flagsOf =
  (expression: string) =>
  (indent: string): readonly string[] => [`{{- range ${expression} }}`, `${indent}- {{ . | quote }}`, "{{- end }}"];

function deploymentTemplate(context: Context, object: unknown, name: "webhook" | "reconciler"): unknown {
  const { text } = context;
  const values = `.Values.${name}`;
  const pod = ["spec", "template", "spec"];
  const container = [...pod, "containers", 0];
  const resources = (indent: string) => [
    `${indent}resources:`,
    `${indent}  {{- toYaml ${values}.resources | nindent ${indent.length + 2} }}`,
  ];
  const pullPolicy = (indent: string) => [
    "{{- with .Values.image.pullPolicy }}",
    `${indent}imagePullPolicy: {{ . }}`,
    "{{- end }}",
  ];
  const pullSecrets = (indent: string) => [
    "{{- if .Values.pullSecrets }}",
    `${indent}imagePullSecrets:`,
    "{{- range .Values.pullSecrets }}",
    `${indent}  - name: {{ . | quote }}`,
    "{{- end }}",
    "{{- end }}",
  ];
  const nodes = (indent: string) => [
    "{{- with .Values.nodeSelector }}",
    `${indent}{{- toYaml . | nindent ${indent.length} }}`,
    "{{- end }}",
  ];
  let result = patched(
    context,
    object,
    name === "webhook" ? "cert-manager/mode.yaml" : "namespaced/watch.yaml",
    name === "webhook" ? ".Values.certManager.enabled" : WATCHES_ONE,
  );
  result = at(result, ["spec", "replicas"], () => text.inline(`${values}.replicas`));
  result = at(result, [...container, "image"], () => text.inline('include "stash-batch.image" . | quote'));
  result = at(result, [...container, "args"], (args) => [...listAt(args), text.lines(flagsOf(`${values}.extraArgs`))]);
  result = at(result, container, (one) => {
    const { resources: _, ...rest } = isJsonObject(one) ? one : {};
    return { ...rest, ...text.entry(resources), ...text.entry(pullPolicy) };
  });
  result = at(result, [...pod, "nodeSelector"], (selector) => merged(selector, text.entry(nodes)));
  const checksum = (indent: string) => [
    `${indent}annotations:`,
    `${indent}  checksum/settings: {{ printf "%v %v" .Values.injected .Values.pullSecrets | sha256sum }}`,
  ];
  // The programs read their settings when they start.
  result = at(result, ["spec", "template", "metadata"], (metadata) => merged(metadata, text.entry(checksum)));
  // A single replica has no other to keep away from.
  result = at(result, pod, (spec) => {
    const { affinity, ...rest } = isJsonObject(spec) ? spec : {};
    return { ...rest, ...text.entry(text.when(`gt (int ${values}.replicas) 1`, { affinity })) };
  });
  return at(result, pod, (spec) =>
    merged(spec, { ...text.entry(pullSecrets), ...text.entry(yamlOf(".Values.tolerations", "tolerations")) }),
  );
}

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
  if (isNamed(object, "ConfigMap")) {
    const value = (expression: string) => () => text.inline(`${expression} | quote`);
    const named = at(object, ["data", "sidecar-resources"], value(".Values.injected.sidecarResources"));
    const restores = at(named, ["data", "restore-resources"], value(".Values.injected.restoreResources"));
    const jobs = at(restores, ["data", "job-resources"], value(".Values.injected.jobResources"));
    return at(jobs, ["data", "pull-secrets"], value('join "," .Values.pullSecrets'));
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

function under(condition: string | undefined, text: string): string {
  return condition === undefined ? text : `{{- if ${condition} }}\n${text}{{- end }}\n`;
}

function renderObjects(context: Context, objects: readonly unknown[]): string {
  return objects
    .map((object) => {
      const condition = CONDITIONS.find(([matches]) => matches(object))?.[1];
      const template = withNamespaces(templateOf(context, object), context.text);
      return under(condition, context.text.render([template]));
    })
    .join("---\n");
}

const HEADER = "{{- /* Generated by `npm run generate`. Do not edit. */ -}}\n";

function fileOf(path: string, text: string): ChartFile {
  return { path: `templates/${path}`, text: `${HEADER}${text}` };
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

/** Links to runbooks begin with the address of a copy of this repository. */
function withRunbooks(value: unknown, text: TemplateText): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withRunbooks(item, text));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      key === "runbook_url"
        ? `${text.inline(".Values.prometheusRule.runbooks")}${String(child)}`
        : withRunbooks(child, text),
    ]),
  );
}

function monitoringFiles(readText: ReadText): readonly ChartFile[] {
  const labelled = (object: unknown, text: TemplateText, expression: string) =>
    at(object, ["metadata", "labels"], (labels) =>
      merged(
        labels,
        text.entry((indent) => [
          `{{- with ${expression} }}`,
          `${indent}{{- toYaml . | nindent ${indent.length} }}`,
          "{{- end }}",
        ]),
      ),
    );
  const file = (source: string, value: string): ChartFile => {
    const text = new TemplateText();
    const objects = readObjects(join(MANIFESTS, "monitoring", source), readText);
    const body = objects.map((object) =>
      withRunbooks(withNamespaces(labelled(object, text, `.Values.${value}.labels`), text), text),
    );
    return fileOf(`monitoring/${source}`, under(`.Values.${value}.enabled`, text.render(body)));
  };
  return [
    file("service-monitors.yaml", "serviceMonitor"),
    file("rules.yaml", "prometheusRule"),
    { path: "files/dashboard.json", text: readText(join(MANIFESTS, "monitoring/dashboard.json")) },
  ];
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
    ...monitoringFiles(readText),
  ];
}

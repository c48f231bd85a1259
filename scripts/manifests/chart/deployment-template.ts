/** The Deployments as templates. */
import { isJsonObject, listAt } from "../../../shared/json/value.ts";
import { at, type Context, merged, patched, SERVES_SNAPSHOTS, WATCHES_ONE } from "./template-context.ts";

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

const pullPolicy = (indent: string): readonly string[] => [
  "{{- with .Values.image.pullPolicy }}",
  `${indent}imagePullPolicy: {{ . }}`,
  "{{- end }}",
];
const pullSecrets = (indent: string): readonly string[] => [
  "{{- if .Values.pullSecrets }}",
  `${indent}imagePullSecrets:`,
  "{{- range .Values.pullSecrets }}",
  `${indent}  - name: {{ . | quote }}`,
  "{{- end }}",
  "{{- end }}",
];
const nodes = (indent: string): readonly string[] => [
  "{{- with .Values.nodeSelector }}",
  `${indent}{{- toYaml . | nindent ${indent.length} }}`,
  "{{- end }}",
];

const POD = ["spec", "template", "spec"] as const;
const CONTAINER = [...POD, "containers", 0] as const;

/** What the values of all programs say: where the image is, how it comes, and where it runs. */
function withCommonValues({ text }: Context, object: unknown, name: string): unknown {
  const resources = (indent: string) => [
    `${indent}resources:`,
    `${indent}  {{- toYaml .Values.${name}.resources | nindent ${indent.length + 2} }}`,
  ];
  let result = at(object, [...CONTAINER, "image"], () => text.inline('include "stash-batch.image" . | quote'));
  result = at(result, CONTAINER, (one) => {
    const { resources: _, ...rest } = isJsonObject(one) ? one : {};
    return { ...rest, ...text.entry(resources), ...text.entry(pullPolicy) };
  });
  return at(result, [...POD, "nodeSelector"], (selector) => merged(selector, text.entry(nodes)));
}

/** Last in the pod, whatever else there is. */
function withPlaces({ text }: Context, object: unknown): unknown {
  return at(object, POD, (spec) =>
    merged(spec, { ...text.entry(pullSecrets), ...text.entry(yamlOf(".Values.tolerations", "tolerations")) }),
  );
}

export function deploymentTemplate(context: Context, object: unknown, name: "webhook" | "reconciler"): unknown {
  const { text } = context;
  const values = `.Values.${name}`;
  let result = patched(
    context,
    object,
    name === "webhook" ? "cert-manager/mode.yaml" : "namespaced/watch.yaml",
    name === "webhook" ? ".Values.certManager.enabled" : WATCHES_ONE,
  );
  result = patched(context, result, `snapshot-api/${name}.yaml`, SERVES_SNAPSHOTS);
  result = at(result, ["spec", "replicas"], () => text.inline(`${values}.replicas`));
  result = at(result, [...CONTAINER, "args"], (args) => [...listAt(args), text.lines(flagsOf(`${values}.extraArgs`))]);
  result = withCommonValues(context, result, name);
  const checksum = (indent: string) => [
    `${indent}annotations:`,
    `${indent}  checksum/settings: {{ printf "%v %v" .Values.injected .Values.pullSecrets | sha256sum }}`,
  ];
  // The programs read their settings when they start.
  result = at(result, ["spec", "template", "metadata"], (metadata) => merged(metadata, text.entry(checksum)));
  // A single replica has no other to keep away from.
  result = at(result, POD, (spec) => {
    const { affinity, ...rest } = isJsonObject(spec) ? spec : {};
    return { ...rest, ...text.entry(text.when(`gt (int ${values}.replicas) 1`, { affinity })) };
  });
  return withPlaces(context, result);
}

/** The pages in the cluster. */
export function uiTemplate(context: Context, object: unknown): unknown {
  const { text } = context;
  const allow = (indent: string) => ["{{- if .Values.ui.allowActions }}", `${indent}- --allow-actions`, "{{- end }}"];
  const scope = (indent: string) => [
    "{{- if .Values.watchNamespace }}",
    `${indent}- --namespace={{ .Values.watchNamespace }}`,
    "{{- else }}",
    `${indent}- --all-namespaces`,
    "{{- end }}",
  ];
  const own: ReadonlyMap<unknown, () => string> = new Map([
    ["--all-namespaces", () => text.lines(scope)],
    ["--public-url=https://backups.example.com/", () => `--public-url=${text.inline(".Values.ui.publicUrl")}`],
  ]);
  const tls = (indent: string) => [
    "{{- if .Values.ui.tlsSecret }}",
    `${indent}- --tls-cert-file=/etc/serving/tls.crt`,
    `${indent}- --tls-key-file=/etc/serving/tls.key`,
    "{{- end }}",
  ];
  let result = at(object, [...CONTAINER, "args"], (args) => [
    ...listAt(args).map((one) => own.get(one)?.() ?? one),
    text.lines(allow),
    text.lines(tls),
  ]);
  const scheme = (indent: string) => ["{{- if .Values.ui.tlsSecret }}", `${indent}scheme: HTTPS`, "{{- end }}"];
  for (const probe of ["readinessProbe", "livenessProbe"]) {
    result = at(result, [...CONTAINER, probe, "httpGet"], (get) => merged(get, text.entry(scheme)));
  }
  const listed = (item: unknown) => text.lines(text.when(".Values.ui.tlsSecret", [item]));
  result = at(result, [...CONTAINER, "volumeMounts"], (mounts) => [
    ...listAt(mounts),
    listed({ name: "serving", mountPath: "/etc/serving", readOnly: true }),
  ]);
  result = at(result, [...POD, "volumes"], (volumes) => [
    ...listAt(volumes),
    listed({ name: "serving", secret: { secretName: text.inline(".Values.ui.tlsSecret | quote") } }),
  ]);
  return withPlaces(context, withCommonValues(context, result, "ui"));
}

/** Who may ask the pages' server: the proxy's namespace, or that of the release. */
export function uiPolicyTemplate({ text }: Context, object: unknown): unknown {
  const from = (indent: string) => [
    "{{- if .Values.ui.proxyNamespace }}",
    ...text.yaml(
      [
        {
          namespaceSelector: {
            matchLabels: { "kubernetes.io/metadata.name": text.inline(".Values.ui.proxyNamespace | quote") },
          },
        },
      ],
      indent,
    ),
    "{{- else }}",
    `${indent}- podSelector: {}`,
    "{{- end }}",
  ];
  return at(object, ["spec", "ingress", 0, "from"], () => [text.lines(from)]);
}

/** The two Deployments as templates. */
import { isJsonObject, listAt } from "../../../shared/kube/json-value.ts";
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

export function deploymentTemplate(context: Context, object: unknown, name: "webhook" | "reconciler"): unknown {
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
  result = patched(context, result, `snapshot-api/${name}.yaml`, SERVES_SNAPSHOTS);
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

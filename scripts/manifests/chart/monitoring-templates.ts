/** Alerts, ServiceMonitors and dashboard as templates. */
import { join } from "node:path";
import { isJsonObject } from "../../../shared/json/value.ts";
import { type ReadText, readObjects } from "../compose.ts";
import { at, type ChartFile, MANIFESTS, merged, withNamespaces } from "./template-context.ts";
import { fileOf, under } from "./template-file.ts";
import { TemplateText } from "./template-text.ts";

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

export function monitoringFiles(readText: ReadText): readonly ChartFile[] {
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

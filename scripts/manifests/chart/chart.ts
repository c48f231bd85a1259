/** The Helm chart manifests/chart: every file of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { listAt, textAt } from "../../../shared/json/value.ts";
import type { ReadText } from "../compose.ts";
import { renderFixedFiles } from "./fixed-files.ts";
import { renderValues, renderValuesSchema } from "./render-values.ts";
import type { ChartFile } from "./template-context.ts";
import { renderTemplates } from "./templates.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** @param readText gives the manifests as they are about to be written */
export function renderChart(readText: ReadText): readonly ChartFile[] {
  const about: unknown = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const filesOf = (folder: string) =>
    listAt(parse(readText(join(ROOT, "manifests", folder, "kustomization.yaml"))), "resources")
      .map(String)
      .filter((name) => name.endsWith(".yaml"));
  return [
    ...renderFixedFiles(textAt(about, "version") ?? "", textAt(about, "description") ?? ""),
    { path: "values.yaml", text: renderValues() },
    { path: "values.schema.json", text: renderValuesSchema() },
    ...renderTemplates({ base: filesOf("base"), crds: filesOf("crds") }, readText),
  ];
}

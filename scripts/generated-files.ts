/** Every file that is made from source code, with the text that it should have. */

import { renderWebhookConfiguration } from "../webhook/render-configuration.ts";
import { renderDefinition, STORED_KINDS } from "./crds/definitions.ts";
import { renderErrorTable } from "./generate-errors.ts";

export interface GeneratedFile {
  /** From the top folder of the project. */
  readonly path: string;
  readonly text: string;
}

/** Folder that holds nothing but generated files. */
export const DEFINITIONS_FOLDER = "manifests/crds";

export function generateFiles(): readonly GeneratedFile[] {
  return [
    ...STORED_KINDS.map((kind) => ({
      path: `${DEFINITIONS_FOLDER}/${kind.entry.plural}.${kind.entry.group}.yaml`,
      text: renderDefinition(kind),
    })),
    { path: "docs/errors.md", text: renderErrorTable() },
    { path: "manifests/base/webhook-configuration.yaml", text: renderWebhookConfiguration() },
  ];
}

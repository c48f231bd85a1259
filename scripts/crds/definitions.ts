/** The CustomResourceDefinitions of our kinds, built from shared/api. */
import { stringify } from "yaml";
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import type { SchemaNode } from "../../shared/api/schema.ts";
import { Label, LabelValue } from "../../shared/contract.ts";
import { STORED_SCHEMAS } from "../../shared/definitions/stored-schemas.ts";
import { KIND_MEANINGS } from "./kind-meanings.ts";
import { PRINTER_COLUMNS, type PrinterColumn } from "./printer-columns.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** A kind that the API server stores. Snapshot is none: the aggregated API serves it. */
export interface StoredKind {
  readonly entry: KindEntry;
  readonly schema: SchemaNode;
  /** One sentence. */
  readonly meaning: string;
  readonly columns: readonly PrinterColumn[];
}

function storedKind(name: keyof typeof STORED_SCHEMAS & keyof typeof PRINTER_COLUMNS): StoredKind {
  return {
    entry: KINDS[name],
    schema: STORED_SCHEMAS[name],
    meaning: KIND_MEANINGS[name],
    columns: PRINTER_COLUMNS[name],
  };
}

export const STORED_KINDS: readonly StoredKind[] = [
  storedKind("Repository"),
  storedKind("BackupConfiguration"),
  storedKind("BackupBatch"),
  storedKind("BackupBlueprint"),
  storedKind("BackupSession"),
  storedKind("RestoreSession"),
  storedKind("RestoreBatch"),
  storedKind("BackupVerifier"),
  storedKind("BackupVerificationSession"),
  storedKind("HostRun"),
  storedKind("Function"),
  storedKind("Task"),
  storedKind("AppBinding"),
];

/** The definition of one kind, with its single version that is served and stored. */
export function buildDefinition({ entry, schema, meaning, columns }: StoredKind) {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${entry.plural}.${entry.group}`, labels: { [Label.Name]: LabelValue.Name } },
    spec: {
      group: entry.group,
      scope: entry.scope,
      names: {
        kind: entry.kind,
        listKind: `${entry.kind}List`,
        plural: entry.plural,
        singular: entry.singular,
        ...(entry.shortNames.length > 0 ? { shortNames: entry.shortNames } : {}),
        categories: entry.categories,
      },
      versions: [
        {
          name: entry.version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: rootSchema(schema, entry, meaning) },
          ...(entry.statusSubresource ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

/** The API server itself checks apiVersion, kind and metadata, and takes no rules about them. */
function rootSchema(schema: SchemaNode, entry: KindEntry, description: string): StructuralSchema {
  const { apiVersion: _apiVersion, kind: _kind, metadata: _metadata, ...ownFields } = schema.properties ?? {};
  const typeMeta = new Set(["apiVersion", "kind", "metadata"]);
  const { properties, ...root } = structuralSchema(
    {
      type: "object",
      required: schema.required?.filter((field) => !typeMeta.has(field)),
      properties: {
        ...ownFields,
        ...(ownFields["spec"] && { spec: { ...ownFields["spec"], description: "What is wanted." } }),
      },
    },
    entry.kind,
  );
  return {
    description,
    ...root,
    properties: {
      apiVersion: { description: "Version of the API that the object is written in.", type: "string" },
      kind: { description: "What the object is.", type: "string" },
      // The API server has its own words for it, and takes no others.
      metadata: { type: "object" },
      ...properties,
    },
  };
}

const HEADER = "# Generated from shared/api by `npm run generate`. Do not edit.\n";

/** The YAML file of one kind. */
export function renderDefinition(kind: StoredKind): string {
  return HEADER + stringify(buildDefinition(kind), { aliasDuplicateObjects: false, lineWidth: 0 });
}

/** The CustomResourceDefinitions of our kinds, built from shared/api. */
import { stringify } from "yaml";
import { appBindingSchema } from "../../shared/api/app-binding.ts";
import { backupBatchSchema } from "../../shared/api/backup-batch.ts";
import { backupBlueprintSchema } from "../../shared/api/backup-blueprint.ts";
import { backupConfigurationSchema } from "../../shared/api/backup-configuration.ts";
import { backupSessionSchema } from "../../shared/api/backup-session.ts";
import { functionSchema } from "../../shared/api/function.ts";
import { hostRunSchema } from "../../shared/api/host-run.ts";
import { KINDS, type KindEntry } from "../../shared/api/kinds.ts";
import { repositorySchema } from "../../shared/api/repository.ts";
import { restoreBatchSchema } from "../../shared/api/restore-batch.ts";
import { restoreSessionSchema } from "../../shared/api/restore-session.ts";
import type { SchemaNode } from "../../shared/api/schema.ts";
import { taskSchema } from "../../shared/api/task.ts";
import { Label, LabelValue } from "../../shared/contract.ts";
import { PRINTER_COLUMNS, type PrinterColumn } from "./printer-columns.ts";
import { type StructuralSchema, structuralSchema } from "./structural-schema.ts";

/** A kind that the API server stores. Snapshot is none: the aggregated API serves it. */
export interface StoredKind {
  readonly entry: KindEntry;
  readonly schema: SchemaNode;
  readonly columns: readonly PrinterColumn[];
}

const SCHEMAS = {
  Repository: repositorySchema,
  BackupConfiguration: backupConfigurationSchema,
  BackupBatch: backupBatchSchema,
  BackupBlueprint: backupBlueprintSchema,
  BackupSession: backupSessionSchema,
  RestoreSession: restoreSessionSchema,
  RestoreBatch: restoreBatchSchema,
  HostRun: hostRunSchema,
  Function: functionSchema,
  Task: taskSchema,
  AppBinding: appBindingSchema,
} as const satisfies Record<keyof typeof PRINTER_COLUMNS, SchemaNode>;

function storedKind(name: keyof typeof SCHEMAS): StoredKind {
  return { entry: KINDS[name], schema: SCHEMAS[name], columns: PRINTER_COLUMNS[name] };
}

export const STORED_KINDS: readonly StoredKind[] = [
  storedKind("Repository"),
  storedKind("BackupConfiguration"),
  storedKind("BackupBatch"),
  storedKind("BackupBlueprint"),
  storedKind("BackupSession"),
  storedKind("RestoreSession"),
  storedKind("RestoreBatch"),
  storedKind("HostRun"),
  storedKind("Function"),
  storedKind("Task"),
  storedKind("AppBinding"),
];

/** The definition of one kind, with its single version that is served and stored. */
export function buildDefinition({ entry, schema, columns }: StoredKind) {
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
          schema: { openAPIV3Schema: rootSchema(schema, entry) },
          ...(entry.statusSubresource ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: columns,
        },
      ],
    },
  };
}

/** The API server itself checks apiVersion, kind and metadata, and takes no rules about them. */
function rootSchema(schema: SchemaNode, entry: KindEntry): StructuralSchema {
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

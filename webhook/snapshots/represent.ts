/** In which form an answer is wanted, and the answer in that form: objects, a table, or metadata alone. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import { Annotation } from "../../shared/contract.ts";
import type { Snapshot } from "./resource.ts";
import { Refusal } from "./status.ts";

const META_GROUP = "meta.k8s.io";
const VERSIONS: readonly string[] = ["v1", "v1beta1"];

export interface Form {
  readonly as: "Object" | "Table" | "PartialObjectMetadata";
  readonly version: string;
}

const OBJECT: Form = { as: "Object", version: "v1" };

function readForm(mediaType: string): Form | undefined {
  const [type = "", ...parameters] = mediaType.split(";").map((part) => part.trim().toLowerCase());
  if (!["application/json", "application/*", "*/*"].includes(type)) return undefined;
  const parameter = (key: string) => parameters.find((one) => one.startsWith(`${key}=`))?.slice(key.length + 1);
  const as = parameter("as");
  const version = parameter("v") ?? "v1";
  if (as === undefined) return OBJECT;
  if (parameter("g") !== META_GROUP || !VERSIONS.includes(version)) return undefined;
  if (as === "table") return { as: "Table", version };
  const isPartial = as === "partialobjectmetadata" || as === "partialobjectmetadatalist";
  return isPartial ? { as: "PartialObjectMetadata", version } : undefined;
}

/**
 * The first form of those that the client takes which there is.
 *
 * @throws Refusal NotAcceptable
 */
export function chooseForm(accept: string): Form {
  if (accept.trim() === "") return OBJECT;
  for (const mediaType of accept.split(",")) {
    const form = readForm(mediaType);
    if (form !== undefined) return form;
  }
  throw new Refusal("NotAcceptable", "only the following media types are accepted: application/json");
}

export const INCLUDED = ["None", "Metadata", "Object"] as const;
export type Included = (typeof INCLUDED)[number];

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
}

function partial({ metadata }: Snapshot, version: string) {
  return { apiVersion: `${META_GROUP}/${version}`, kind: "PartialObjectMetadata", metadata };
}

/** The first five are upstream's, which programs read by their place. */
const COLUMNS = [
  { name: "Name", type: "string", format: "name", description: "Name of the snapshot.", priority: 0 },
  { name: "ID", type: "string", format: "", description: "Id in the repository.", priority: 0 },
  { name: "Repository", type: "string", format: "", description: "Repository that holds it.", priority: 0 },
  { name: "Hostname", type: "string", format: "", description: "Host that was saved.", priority: 0 },
  { name: "Created At", type: "string", format: "date-time", description: "When it was made.", priority: 0 },
  { name: "Paths", type: "string", format: "", description: "Saved paths.", priority: 1 },
  { name: "Listed At", type: "string", format: "date-time", description: "When this was so.", priority: 1 },
  { name: "State", type: "string", format: "", description: "Deleting, once it was deleted.", priority: 1 },
] as const;

function cellsOf({ metadata, status }: Snapshot): readonly string[] {
  return [
    metadata.name,
    metadata.uid ?? "",
    status.repository,
    status.hostname,
    metadata.creationTimestamp ?? "",
    status.paths.join(","),
    metadata.annotations?.[Annotation.ListedAt] ?? "",
    metadata.deletionTimestamp === undefined ? "Listed" : "Deleting",
  ];
}

function table(snapshots: readonly Snapshot[], metadata: object, { version }: Form, included: Included) {
  return {
    kind: "Table",
    apiVersion: `${META_GROUP}/${version}`,
    metadata,
    columnDefinitions: COLUMNS,
    rows: snapshots.map((snapshot) => ({
      cells: cellsOf(snapshot),
      ...(included === "Metadata" && { object: partial(snapshot, version) }),
      ...(included === "Object" && { object: snapshot }),
    })),
  };
}

export function representList(snapshots: readonly Snapshot[], metadata: ListMeta, form: Form, included: Included) {
  if (form.as === "Table") return table(snapshots, metadata, form, included);
  const { apiVersion, kind } = KINDS.Snapshot;
  if (form.as === "Object") return { kind: `${kind}List`, apiVersion, metadata, items: snapshots };
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `${META_GROUP}/${form.version}`,
    metadata,
    items: snapshots.map((snapshot) => partial(snapshot, form.version)),
  };
}

export function representOne(snapshot: Snapshot, form: Form, included: Included) {
  if (form.as === "Table") return table([snapshot], { resourceVersion: "" }, form, included);
  return form.as === "Object" ? snapshot : partial(snapshot, form.version);
}

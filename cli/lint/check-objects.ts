/** What is wrong with the objects of files, each by itself. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { inspectObject } from "../../webhook/validate/find-findings.ts";
import { nearestNames } from "../cluster/nearest-names.ts";
import type { FileObject } from "./read-documents.ts";
import { WRITTEN_KINDS } from "./schemas.ts";
import { findUnknownFields } from "./unknown-fields.ts";

export interface LintFinding {
  readonly severity: "fault" | "warning";
  readonly file: string;
  readonly line: number;
  /** `BackupBatch demo/shop`. */
  readonly object: string;
  readonly message: string;
  readonly next: string;
}

/** An object with the namespace that an apply would give it. */
export interface PlacedObject extends FileObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export function placeObject(found: FileObject, namespace: string): PlacedObject {
  const { object } = found;
  const kind = textAt(object, "kind") ?? "";
  const isNamespaced = WRITTEN_KINDS.get(kind)?.entry.namespaced ?? true;
  const own = textAt(object, "metadata", "namespace") ?? namespace;
  const metadata = valueAt(object, "metadata");
  const placed =
    isJsonObject(object) && isJsonObject(metadata) && isNamespaced
      ? { ...object, metadata: { ...metadata, namespace: own } }
      : object;
  return {
    ...found,
    object: placed,
    kind,
    namespace: isNamespaced ? own : "",
    name: textAt(object, "metadata", "name") ?? "",
  };
}

export function nameOfObject({ kind, namespace, name }: Pick<PlacedObject, "kind" | "namespace" | "name">): string {
  return `${kind || "?"} ${namespace === "" ? "" : `${namespace}/`}${name || "?"}`;
}

/** Marks a finding with its object. */
export function findingAt(
  placed: PlacedObject,
  severity: LintFinding["severity"],
  message: string,
  next: string,
): LintFinding {
  return { severity, file: placed.file, line: placed.line, object: nameOfObject(placed), message, next };
}

const GROUPS: ReadonlySet<string> = new Set(Object.values(KINDS).map(({ group }) => group));
const OWN_KINDS: readonly string[] = Object.keys(KINDS);

export function checkObject(placed: PlacedObject): readonly LintFinding[] {
  const { object, kind } = placed;
  const apiVersion = textAt(object, "apiVersion") ?? "";
  if (!isJsonObject(object) || kind === "" || apiVersion === "") {
    return [findingAt(placed, "fault", "it is no Kubernetes object", "write apiVersion, kind and metadata")];
  }
  const isOwn = GROUPS.has(apiVersion.split("/")[0] ?? "");
  const written = WRITTEN_KINDS.get(kind);
  if (!isOwn) return [];
  if (written === undefined) return OWN_KINDS.includes(kind) ? [] : [unknownKind(placed, kind)];
  if (apiVersion !== written.entry.apiVersion) {
    const message = `apiVersion ${apiVersion} has no ${kind}`;
    return [findingAt(placed, "fault", message, `write ${written.entry.apiVersion}`)];
  }
  const unknown = findUnknownFields(written.schema, object).map(({ path, near }) => {
    const next = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "take it out: the API server drops it";
    return findingAt(placed, "fault", `${path}: there is no such field`, next);
  });
  return [...unknown, ...inspect(placed)];
}

function unknownKind(placed: PlacedObject, kind: string): LintFinding {
  const near = nearestNames(kind, OWN_KINDS);
  return findingAt(
    placed,
    "fault",
    `there is no kind ${kind}`,
    near.length > 0 ? `did you mean ${near.join(" or ")}?` : "correct it",
  );
}

/** What the webhook says of it. */
function inspect(placed: PlacedObject): readonly LintFinding[] {
  try {
    return inspectObject(placed.kind, placed.object, undefined).findings.map(({ severity, field, message, next }) => {
      return findingAt(placed, severity, `${field}: ${message}`, next);
    });
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    return [findingAt(placed, "fault", thrown.message.replace(`${nameOfObject(placed)}: `, ""), thrown.next)];
  }
}

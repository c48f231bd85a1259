/** Which call a request to the Snapshot API is. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";
import { parseJson } from "../../shared/json/value.ts";
import { type Cursor, parseCursor } from "./cursor.ts";
import { chooseForm, type Form, INCLUDED, type Included } from "./represent.ts";
import { type FieldSelector, type Matches, parseFieldSelector, parseLabelSelector } from "./selectors.ts";
import { Refusal } from "./status.ts";

interface Answered {
  readonly form: Form;
  readonly included: Included;
}

export interface ListCall extends Answered {
  readonly verb: "list";
  /** All when undefined. */
  readonly namespace: string | undefined;
  readonly labels: Matches;
  readonly fields: FieldSelector;
  /** Snapshots a page; all at once when undefined. */
  readonly limit: number | undefined;
  readonly after: Cursor | undefined;
}

export interface OneCall extends Answered {
  readonly verb: "get" | "delete";
  readonly namespace: string;
  readonly name: string;
}

/** Of one snapshot alone, by its name. */
export interface WatchCall extends Answered {
  readonly verb: "watch";
  readonly namespace: string;
  readonly name: string;
  readonly timeoutMs: number;
}

export type Call = ListCall | OneCall | WatchCall;

export interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly accept: string;
}

const { group, version, plural } = KINDS.Snapshot;
const ROOT = `/apis/${group}/${version}/`;
const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** The last eight are the beginning of an id. */
const NAME = /^[a-z0-9][-a-z0-9.]{0,53}-[0-9a-f]{8}$/;
const MAX_LIMIT = 500;
const MAX_WATCH_SECONDS = 300;

/** @throws Refusal */
export function readCall({ method, path, query, accept }: RequestLine): Call {
  const parts = path.startsWith(ROOT) ? path.slice(ROOT.length).split("/").map(decodePart) : [];
  const parameters = new URLSearchParams(query);
  const [first, namespace = "", resource, name] = parts;
  const isWhole = parts.length === 1 && first === plural;
  const isNamespaced = first === "namespaces" && resource === plural && (parts.length === 3 || parts.length === 4);
  if (!isWhole && !isNamespaced) throw new Refusal("NotFound", "the server could not find the requested resource");
  if (isNamespaced && !NAMESPACE.test(namespace)) throw new Refusal("BadRequest", "that is no name of a namespace");
  const verb = verbOf(method, name !== undefined, parameters);
  const answered = { form: chooseForm(accept), included: includedIn(parameters) };
  if (verb === "watch") return { verb, ...watchedIn(parameters, isWhole ? undefined : namespace, name), ...answered };
  if (verb === "list") {
    return { verb, namespace: isWhole ? undefined : namespace, ...answered, ...selectionIn(parameters) };
  }
  if (name === undefined || !NAME.test(name)) {
    throw new Refusal("BadRequest", "a snapshot is named REPOSITORY-ID, with the first 8 digits of its id");
  }
  return { verb, namespace, name, ...answered };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Refusal("BadRequest", "the path can't be read");
  }
}

function verbOf(method: string, hasName: boolean, parameters: URLSearchParams): Call["verb"] {
  const isWatch = ["true", "1"].includes(parameters.get("watch") ?? "");
  if (method === "GET" && isWatch) return "watch";
  if (method === "GET") return hasName ? "get" : "list";
  if (method === "DELETE" && hasName) return "delete";
  throw new Refusal("MethodNotAllowed", "the server does not allow this method on the requested resource");
}

/** Which one. That all can't be watched is said as of a resource that has no such verb. */
function watchedIn(parameters: URLSearchParams, namespace: string | undefined, pathName: string | undefined) {
  const name = pathName ?? parseFieldSelector(parameters.get("fieldSelector") ?? "").name;
  const isStream = parameters.get("sendInitialEvents") === "true";
  if (namespace === undefined || name === undefined || !NAME.test(name) || isStream) {
    throw new Refusal("MethodNotAllowed", "the server can watch one snapshot by its name, and no other way");
  }
  const seconds = Number(/^\d{1,9}$/.exec(parameters.get("timeoutSeconds") ?? "")?.[0] ?? MAX_WATCH_SECONDS);
  return { namespace, name, timeoutMs: Math.min(seconds, MAX_WATCH_SECONDS) * 1_000 };
}

function includedIn(parameters: URLSearchParams): Included {
  const wanted = parameters.get("includeObject") || "Metadata";
  const included = INCLUDED.find((known) => known === wanted);
  if (included === undefined) throw new Refusal("BadRequest", `includeObject is one of ${INCLUDED.join(", ")}`);
  return included;
}

function selectionIn(parameters: URLSearchParams): Pick<ListCall, "labels" | "fields" | "limit" | "after"> {
  const limit = parameters.get("limit") || "0";
  if (!/^\d{1,18}$/.test(limit)) throw new Refusal("BadRequest", "limit is a number");
  return {
    labels: parseLabelSelector(parameters.get("labelSelector") ?? ""),
    fields: parseFieldSelector(parameters.get("fieldSelector") ?? ""),
    limit: Number(limit) === 0 ? undefined : Math.min(Number(limit), MAX_LIMIT),
    after: parseCursor(parameters.get("continue") ?? ""),
  };
}

export interface DeleteOptions {
  readonly isDryRun: boolean;
}

/**
 * What a DELETE asks for beside its path.
 *
 * @param id of the snapshot that has the name now
 * @throws Refusal Conflict when another was meant
 */
export function readDeleteOptions(
  body: string,
  query: string,
  { name, id }: { name: string; id: string },
): DeleteOptions {
  const parsed = body.trim() === "" ? {} : parseJson(body);
  if (typeof parsed !== "object" || parsed === null) throw new Refusal("BadRequest", "the body is no DeleteOptions");
  const options: { readonly dryRun?: unknown; readonly preconditions?: unknown } = parsed;
  const { preconditions } = options;
  const wanted =
    typeof preconditions === "object" && preconditions !== null && "uid" in preconditions
      ? preconditions.uid
      : undefined;
  if (wanted !== undefined && wanted !== id) {
    throw new Refusal("Conflict", `the snapshot in the way has uid ${id}, and another was meant`, name);
  }
  const isDryRun = (value: unknown): boolean => Array.isArray(value) && value.length > 0;
  const inQuery = new URLSearchParams(query).getAll("dryRun").filter((value) => value !== "");
  return { isDryRun: isDryRun(options.dryRun) || isDryRun(inQuery) };
}

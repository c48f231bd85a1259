/** From a request for `/validate` to its answer. */
import { KINDS } from "../../shared/api/kinds.ts";
import { formatUserError, messageOf, UserError } from "../../shared/errors.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { isSameJson } from "../../shared/json/same.ts";
import { isJsonObject, valueAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { isOwnKey } from "../../shared/own-keys.ts";
import { type Finding, formatFinding, isFault } from "../../shared/validation/finding.ts";
import { type AdmissionRequest, type Answer, type RequestFacts, readUser } from "../review.ts";
import { type Inspection, inspectObject } from "./find-findings.ts";
import { validateHostRunWrite } from "./host-runs.ts";
import { findMissingRights } from "./rights.ts";
import { findUsageFindings } from "./usage.ts";

export interface ValidatePorts {
  readonly client: Pick<KubeClient, "create" | "find" | "list">;
  readonly checksRights: boolean;
  readonly trustedUsers: readonly string[];
}

/** What is found out about a request from itself alone. */
export type InspectedRequest =
  | { readonly kind: "allowed" }
  | { readonly kind: "denied"; readonly message: string }
  | { readonly kind: "hostRun"; readonly object: unknown; readonly oldObject: unknown }
  | { readonly kind: "inspected"; readonly inspection: Inspection };

/** Answers a request: looks at it, then asks the cluster about what was found in it. */
export async function validate(request: AdmissionRequest, ports: ValidatePorts): Promise<Answer> {
  return answerInspected(inspectRequest(request), request, ports);
}

/**
 * Looks at a request. An update that leaves the spec as it is is let through: what is wrong with it was wrong before, and
 * the finalizers of an object that is being deleted must go. A deletion alone frees from nothing: a finalizer of its author
 * keeps the object, and runs go on meanwhile. Pure; how long it takes is up to whoever sent the object.
 */
export function inspectRequest(request: AdmissionRequest): InspectedRequest {
  const { operation, subresource, kind } = request;
  const isWrite = operation === "CREATE" || operation === "UPDATE";
  // Who writes it decides, also about its status; that takes the user, and no time.
  if (isWrite && kind === "HostRun") return { kind: "hostRun", object: request.object, oldObject: request.oldObject };
  if (!isWrite || subresource !== "" || isSettled(request)) return { kind: "allowed" };
  const old = operation === "UPDATE" ? withIdentity(request.oldObject, request) : undefined;
  try {
    return { kind: "inspected", inspection: inspectObject(kind, withIdentity(request.object, request), old) };
  } catch (thrown) {
    return { kind: "denied", message: describe(thrown) };
  }
}

/** Answers a request that was looked at. */
export async function answerInspected(
  inspected: InspectedRequest,
  request: RequestFacts,
  ports: ValidatePorts,
): Promise<Answer> {
  if (inspected.kind === "allowed") return { isAllowed: true };
  if (inspected.kind === "denied") return { isAllowed: false, message: inspected.message };
  if (inspected.kind === "hostRun") {
    const { object, oldObject } = inspected;
    return validateHostRunWrite({ ...request, object, oldObject }, ports.trustedUsers);
  }
  try {
    const { inspection } = inspected;
    return answerOf([...inspection.findings, ...(await findFurther(inspection, request, ports))]);
  } catch (thrown) {
    return { isAllowed: false, message: describe(thrown) };
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof UserError ? formatUserError(thrown) : messageOf(thrown);
}

function isSettled({ kind, object, oldObject }: AdmissionRequest): boolean {
  if (!isJsonObject(oldObject) || !isSameJson(valueAt(object, "spec"), valueAt(oldObject, "spec"))) return false;
  return kind !== KINDS.AppBinding.kind || isSameJson(ownAnnotations(object), ownAnnotations(oldObject));
}

/** Those by which an AppBinding asks for a backup, and says how. */
function ownAnnotations(object: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(textMapAt(object, "metadata", "annotations")).filter(([key]) => isOwnKey(key)),
  );
}

/** Fills in what a request may leave to the API server: the namespace, and a name that it has still to make. */
function withIdentity(object: unknown, { name, namespace }: AdmissionRequest): unknown {
  if (!isJsonObject(object)) return object;
  const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
  const generateName = metadata["generateName"];
  const identity = {
    name: name || (typeof generateName === "string" ? generateName : ""),
    ...(namespace && { namespace }),
  };
  return { ...object, metadata: { ...identity, ...metadata } };
}

/** What the cluster says of an object: whether its Repository lets it in, and what its author may do. Nothing is taken from memory. */
async function findFurther(
  { source, replaced }: Inspection,
  { userInfo }: RequestFacts,
  { client, checksRights, trustedUsers }: ValidatePorts,
): Promise<readonly Finding[]> {
  if (source === undefined) return [];
  const user = readUser(userInfo);
  const isAsked = checksRights && !trustedUsers.includes(user.username);
  const found = await Promise.all([
    "members" in source ? findUsageFindings(source, client) : [],
    isAsked ? findMissingRights([source, ...(replaced === undefined ? [] : [replaced])], user, client) : [],
  ]);
  return found.flat();
}

/** More than a person corrects at once. */
const MAX_SHOWN_FAULTS = 20;

function answerOf(findings: readonly Finding[]): Answer {
  const faults = findings.filter(isFault);
  if (faults.length > 0) {
    const shown = faults.slice(0, MAX_SHOWN_FAULTS).map(formatFinding);
    const hidden = faults.length - shown.length;
    return { isAllowed: false, message: [...shown, ...(hidden > 0 ? [`and ${hidden} more`] : [])].join("; ") };
  }
  return { isAllowed: true, warnings: findings.map(formatFinding) };
}

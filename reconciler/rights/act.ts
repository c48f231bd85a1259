/** Brings Role, RoleBinding and copies of Secrets of a namespace to what its agents need, and removes them with the last agent. */
import { Install, Label, LabelValue } from "../../shared/contract.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { ROLE_BINDINGS, ROLES, SECRETS } from "../../shared/kube/resources.ts";
import { findGranted, inNamespace, type NamespaceClient } from "../authority.ts";
import { isAsWanted } from "../write/as-wanted.ts";
import {
  type AgentRights,
  areRightsEmpty,
  buildAgentBinding,
  buildAgentRole,
  COPIES_ANNOTATION,
  copyLabels,
  notedCopies,
  type SecretCopy,
} from "./decide.ts";

export type RightsClient = Pick<KubeClient, "create" | "delete" | "find" | "patch">;

/** News of what could not be done without touching what isn't ours. */
export type OnForeign = (resource: string, name: string) => void;

export async function actOnRights(
  client: RightsClient,
  wanted: AgentRights,
  onForeign: OnForeign,
  signal: AbortSignal,
): Promise<void> {
  const here = inNamespace(client, wanted.namespace);
  const role = await here.find(ROLES, Install.AgentRole, asIs, { signal });
  if (role !== undefined && !isOurs(role)) {
    onForeign("Role", Install.AgentRole);
    return;
  }
  const noted = notedCopies(textAt(role, "metadata", "annotations", COPIES_ANNOTATION));
  const obsolete = noted.filter((name) => !wanted.copies.some((copy) => copy.name === name));
  if (areRightsEmpty(wanted)) {
    // The Role is the last to go, so without it nothing is left.
    if (role === undefined) return;
    await here.delete(ROLE_BINDINGS, Install.AgentRole, { signal });
    for (const name of noted) await removeCopy(here, name, signal);
    // Last, since it holds the note of the copies.
    await here.delete(ROLES, Install.AgentRole, { signal });
    return;
  }
  // The note names old copies and new ones before anything is made, and only new ones when the old are gone.
  const planned = [...wanted.copies, ...obsolete.map((name) => ({ name }))];
  await apply(here, ROLES, role, buildAgentRole({ ...wanted, copies: planned }), signal);
  await applyBinding(here, wanted, onForeign, signal);
  for (const copy of wanted.copies) await writeCopy(client, here, copy, onForeign, signal);
  if (obsolete.length === 0) return;
  for (const name of obsolete) await removeCopy(here, name, signal);
  await apply(here, ROLES, undefined, buildAgentRole(wanted), signal);
}

async function applyBinding(here: NamespaceClient, wanted: AgentRights, onForeign: OnForeign, signal: AbortSignal) {
  const body = buildAgentBinding(wanted);
  const binding = await here.find(ROLE_BINDINGS, Install.AgentRole, asIs, { signal });
  if (binding !== undefined && !isOurs(binding)) {
    onForeign("RoleBinding", Install.AgentRole);
    return;
  }
  // What a binding refers to can't be changed.
  if (binding !== undefined && textAt(binding, "roleRef", "name") !== body.roleRef.name) {
    await here.delete(ROLE_BINDINGS, Install.AgentRole, { signal });
  }
  await apply(here, ROLE_BINDINGS, binding, body, signal);
}

interface Body {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: object };
}

async function apply(
  here: NamespaceClient,
  resource: Resource,
  present: unknown,
  body: Body & Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  if (present !== undefined && isAsWanted(present, body)) return;
  await here.patch(resource, body.metadata.name, { kind: "apply", body, force: true }, asIs, { signal });
}

/** The one Secret that is read elsewhere is the one that its owner granted. */
async function writeCopy(
  client: Pick<RightsClient, "find">,
  here: NamespaceClient,
  copy: SecretCopy,
  onForeign: OnForeign,
  signal: AbortSignal,
): Promise<void> {
  const { from, name } = copy;
  const found = await findGranted(client, from, asIs, { signal });
  const source = copy.isForPull && !isPullSecret(found) ? undefined : found;
  const present = await here.find(SECRETS, name, asIs, { signal });
  if (present !== undefined && !isCopy(present)) {
    onForeign("Secret", name);
    return;
  }
  if (source === undefined) {
    if (present !== undefined) await here.delete(SECRETS, name, { signal });
    return;
  }
  const read = valueAt(source, "data");
  const data = isJsonObject(read) ? read : {};
  const labels = copyLabels(copy);
  if (present === undefined) {
    const metadata = { name, namespace: here.namespace, labels };
    const type = (copy.isForPull && textAt(source, "type")) || "Opaque";
    await here.create(SECRETS, { apiVersion: "v1", kind: "Secret", metadata, type, data }, asIs, { signal });
    return;
  }
  const isSame =
    canonicalJson(valueAt(present, "data") ?? {}) === canonicalJson(data) &&
    isAsWanted(valueAt(present, "metadata", "labels"), labels);
  if (isSame) return;
  // Keys that are gone from the source go from the copy.
  const before = valueAt(present, "data");
  const gone = Object.fromEntries(Object.keys(isJsonObject(before) ? before : {}).map((key) => [key, null]));
  const metadata = { resourceVersion: textAt(present, "metadata", "resourceVersion"), labels };
  const body = { metadata, data: { ...gone, ...data } };
  await here.patch(SECRETS, name, { kind: "merge", body }, asIs, { signal });
}

const PULL_TYPES: readonly string[] = ["kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg"];

/** Nothing else is handed out, whatever the settings name: keys of ours lie in that namespace too. */
function isPullSecret(secret: unknown): boolean {
  return PULL_TYPES.includes(textAt(secret, "type") ?? "");
}

async function removeCopy(here: NamespaceClient, name: string, signal: AbortSignal): Promise<void> {
  const present = await here.find(SECRETS, name, asIs, { signal });
  if (present === undefined || !isCopy(present)) return;
  const uid = textAt(present, "metadata", "uid");
  await here.delete(SECRETS, name, { signal, ...(uid !== undefined && { uid }) });
}

/** Only what carries both of our labels is touched. */
function isOurs(object: unknown): boolean {
  return isManaged(object) && textAt(object, "metadata", "labels", Label.AgentRights) !== undefined;
}

function isCopy(object: unknown): boolean {
  return isManaged(object) && textAt(object, "metadata", "labels", Label.CopiedFromNamespace) !== undefined;
}

function isManaged(object: unknown): boolean {
  return textAt(object, "metadata", "labels", Label.ManagedBy) === LabelValue.ManagedBy;
}

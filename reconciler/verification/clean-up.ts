/** Removes what a drill made. All of it has the drill as its owner; nothing is taken that has not. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Label } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import {
  CLAIMS,
  JOBS,
  NETWORK_POLICIES,
  ROLE_BINDINGS,
  ROLES,
  SECRETS,
  SERVICE_ACCOUNTS,
} from "../../shared/kube/resources.ts";
import { inNamespace, type NamespaceClient } from "../authority.ts";
import { isOwnedBy } from "./create-own.ts";
import { drillBatchName, scriptJobName, verifyJobName } from "./names.ts";
import { networkNames } from "./network.ts";
import { drillNameOf } from "./objects.ts";

export type CleanUpClient = Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;

/**
 * Orders go first: their pods see that within moments, and end restic, which unlocks.
 *
 * @param accountName of the job that looks at what was restored
 * @returns what is still there, for people
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function cleanUp(
  client: CleanUpClient,
  drill: BackupVerificationSession,
  accountName: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { namespace, uid = "" } = drill.metadata;
  const name = drillNameOf(drill);
  const here = inNamespace(client, namespace);
  const batch = drillBatchName(name);
  const orders = await listOwn(client, KINDS.HostRun, namespace, undefined, uid, signal);
  for (const order of orders) await here.delete(KINDS.HostRun, order.name, { uid: order.uid, signal });
  const left: string[] = [];
  const remove = async (resource: Resource, object: string, isAwaited: boolean): Promise<void> => {
    if (!(await removeOwn(here, resource, object, uid, signal)) || !isAwaited) return;
    if ((await here.find(resource, object, asIs, { signal })) !== undefined) left.push(`${resource.plural} ${object}`);
  };
  await remove(KINDS.RestoreBatch, batch, true);
  await remove(JOBS, verifyJobName(name), true);
  await remove(JOBS, scriptJobName(name), true);
  for (const server of drill.status?.servers ?? []) {
    for (const resource of [JOBS, KINDS.AppBinding, SECRETS]) await remove(resource, server.name, true);
  }
  const selector = `${Label.Drill}=${uid}`;
  const claims = await listOwn(client, CLAIMS, namespace, selector, uid, signal);
  for (const claim of claims) await here.delete(CLAIMS, claim.name, { uid: claim.uid, signal });
  // They stay until no pod has them any more.
  const present = claims.length === 0 ? [] : await listOwn(client, CLAIMS, namespace, selector, uid, signal);
  left.push(...present.map((claim) => `claim ${claim.name}`));
  for (const resource of [ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS]) await remove(resource, accountName, false);
  // While a pod may still run it reaches no more than before.
  if (left.length === 0) for (const policy of networkNames(drill)) await remove(NETWORK_POLICIES, policy, false);
  return left;
}

/** @returns whether it was there, and the drill's */
async function removeOwn(
  here: NamespaceClient,
  resource: Resource,
  name: string,
  uid: string,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await here.find(resource, name, asIs, { signal });
  if (found === undefined || !isOwnedBy(found, uid)) return false;
  const objectUid = textAt(found, "metadata", "uid");
  const isGoing = textAt(found, "metadata", "deletionTimestamp") !== undefined;
  if (!isGoing) {
    const only = objectUid === undefined ? {} : { uid: objectUid };
    await here.delete(resource, name, { ...only, propagationPolicy: "Background", signal });
  }
  return true;
}

interface OwnObject {
  readonly name: string;
  readonly uid: string;
}

async function listOwn(
  client: Pick<KubeClient, "list">,
  resource: Resource,
  namespace: string,
  labelSelector: string | undefined,
  uid: string,
  signal: AbortSignal,
): Promise<readonly OwnObject[]> {
  const read = (raw: unknown): readonly OwnObject[] =>
    isOwnedBy(raw, uid)
      ? [{ name: textAt(raw, "metadata", "name") ?? "", uid: textAt(raw, "metadata", "uid") ?? "" }]
      : [];
  const { items } = await client.list(resource, namespace, read, { labelSelector, metadataOnly: true, signal });
  return items.flat();
}

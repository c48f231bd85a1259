/** Whether the cluster would make a drill's throw-away volumes: asked before anything is made. */
import type { BackupVerificationSession, DrillVolume } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { textMapAt } from "../../shared/injection/workload.ts";
import { isAlreadyExists, isForbidden } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { CLAIMS, STORAGE_CLASSES } from "../../shared/kube/resources.ts";
import { readQuantity } from "../../shared/quantity.ts";
import { inNamespace } from "../authority.ts";
import { isFullQuota } from "../jobs/of-target.ts";
import { problemOf } from "../jobs/refusal.ts";
import { buildDrillClaim } from "./objects.ts";

const DEFAULT_CLASS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

/**
 * @returns why there is no room; undefined when nothing speaks against it
 * @throws KubeError when the API server can't be reached
 */
export async function whyNoRoom(
  client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">,
  drill: BackupVerificationSession,
  volumes: readonly Pick<DrillVolume, "claim" | "size">[],
  storage: BackupVerifier["spec"]["storage"],
  signal: AbortSignal,
): Promise<string | undefined> {
  if (storage?.storageClassName === undefined && (await hasDefaultClass(client, signal)) === false) {
    return "the cluster has no default StorageClass (next: name one in spec.storage.storageClassName)";
  }
  const here = inNamespace(client, drill.metadata.namespace);
  const ask = async (volume: Pick<DrillVolume, "claim" | "size">): Promise<string | undefined> => {
    try {
      await here.create(CLAIMS, buildDrillClaim(drill, volume, storage), asIs, { dryRun: true, signal });
      return undefined;
    } catch (error) {
      if (isAlreadyExists(error)) return undefined;
      const problem = problemOf(error);
      if (problem === undefined) throw error;
      return problem.message;
    }
  };
  for (const volume of volumes) {
    const refused = await ask(volume);
    if (refused !== undefined) return refused;
  }
  const [first, ...others] = volumes;
  if (first === undefined || others.length === 0) return undefined;
  // Each may fit where all together do not. One volume may be too large for other reasons, which say nothing of the many.
  const bytes = volumes.reduce((sum, { size }) => sum + (readQuantity(size) ?? 0), 0);
  const refused = await ask({ claim: `${first.claim}-all`, size: `${Math.ceil(bytes / 2 ** 20)}Mi` });
  return refused !== undefined && isFullQuota(refused) ? refused : undefined;
}

/** @returns undefined where nobody says, as in an installation that sees one namespace */
async function hasDefaultClass(client: Pick<KubeClient, "list">, signal: AbortSignal): Promise<boolean | undefined> {
  try {
    const { items } = await client.list(
      STORAGE_CLASSES,
      undefined,
      (raw) => textMapAt(raw, "metadata", "annotations"),
      { signal },
    );
    return items.some((annotations) => DEFAULT_CLASS.some((key) => annotations[key] === "true"));
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** Verifiers and drills of a batch. */
import {
  type BackupVerificationSession,
  parseBackupVerificationSession,
} from "../../shared/api/backup-verification-session.ts";
import { type BackupVerifier, parseBackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import type { Cluster } from "../cluster/interface.ts";
import type { BackupInvokerObject } from "../objects/invokers.ts";
import { notFound, readObjects } from "../objects/read.ts";
import { UsageError } from "../program/usage-error.ts";

const ENDED: readonly string[] = ["Succeeded", "Failed", "Skipped"];

export function hasDrillEnded({ status }: BackupVerificationSession): boolean {
  return ENDED.includes(status?.phase ?? "");
}

async function readVerifiers(
  cluster: Cluster,
  { kind, metadata }: BackupInvokerObject,
): Promise<readonly BackupVerifier[]> {
  const read = await readObjects(cluster, KINDS.BackupVerifier, parseBackupVerifier, { namespace: metadata.namespace });
  return read.entries
    .map(({ object }) => object)
    .filter(({ spec }) => spec.invoker.kind === kind && spec.invoker.name === metadata.name);
}

/** A verifier that proves no more than that the newest point comes back. */
function howToMake({ kind, metadata: { name, namespace } }: BackupInvokerObject): string {
  const manifest = {
    apiVersion: KINDS.BackupVerifier.apiVersion,
    kind: KINDS.BackupVerifier.kind,
    metadata: { name, namespace },
    spec: { invoker: { kind, name } },
  };
  return `make one: kubectl apply -f - <<< '${JSON.stringify(manifest)}'`;
}

/**
 * The BackupVerifier by which a batch is proven.
 *
 * @throws UserError NOT_FOUND when there is none, with how to make one
 * @throws UsageError when it has several and none is named
 */
export async function findVerifier(
  cluster: Cluster,
  invoker: BackupInvokerObject,
  wanted: string | undefined,
): Promise<BackupVerifier> {
  const { namespace, name } = invoker.metadata;
  const verifiers = await readVerifiers(cluster, invoker);
  const names = verifiers.map(({ metadata }) => metadata.name);
  if (wanted !== undefined) {
    const found = verifiers.find(({ metadata }) => metadata.name === wanted);
    if (found !== undefined) return found;
    throw notFound(`BackupVerifier of ${invoker.kind} ${name}`, { namespace, name: wanted }, names);
  }
  const [only, ...others] = verifiers;
  if (only === undefined) {
    throw new UserError("NOT_FOUND", `${invoker.kind} ${namespace}/${name} has no BackupVerifier`, {
      next: howToMake(invoker),
    });
  }
  if (others.length > 0)
    throw new UsageError(`${name} has several verifiers: ${names.join(", ")}`, "name one by --verifier");
  return only;
}

/** Drills of a batch, newest first. */
export async function readDrills(
  cluster: Cluster,
  invoker: BackupInvokerObject,
): Promise<readonly BackupVerificationSession[]> {
  const { namespace, name } = invoker.metadata;
  const [verifiers, drills] = await Promise.all([
    readVerifiers(cluster, invoker),
    readObjects(cluster, KINDS.BackupVerificationSession, parseBackupVerificationSession, { namespace }),
  ]);
  const own = new Set(verifiers.map(({ metadata }) => metadata.name));
  const isOwn = ({ spec, status }: BackupVerificationSession) =>
    // A verifier may be gone, or be another batch's by now.
    status?.invoker === undefined
      ? own.has(spec.verifier)
      : status.invoker.kind === invoker.kind && status.invoker.name === name;
  const timeOf = ({ metadata }: BackupVerificationSession) => Date.parse(metadata.creationTimestamp ?? "") || 0;
  return drills.entries
    .map(({ object }) => object)
    .filter(isOwn)
    .sort((a, b) => timeOf(b) - timeOf(a) || (a.metadata.name < b.metadata.name ? 1 : -1));
}

/** The BackupVerificationSession that a person asks for. Pure. */
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Label, LabelValue } from "../../shared/contract.ts";
import { labelValue } from "../../shared/label-value.ts";
import { backupSessionName } from "../../shared/names.ts";

/** @param session BackupSession whose point is meant; as the verifier says when undefined */
export function buildDrill(
  verifier: BackupVerifier,
  session: string | undefined,
  nowMs: number,
): BackupVerificationSession {
  const { apiVersion, kind } = KINDS.BackupVerifier;
  const { name, namespace, uid } = verifier.metadata;
  return {
    apiVersion: KINDS.BackupVerificationSession.apiVersion,
    kind: KINDS.BackupVerificationSession.kind,
    metadata: {
      name: backupSessionName(name, nowMs),
      namespace,
      labels: { [Label.ManagedBy]: LabelValue.ManagedBy, [Label.Verifier]: labelValue(name) },
      ...(uid !== undefined && { ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] }),
    },
    spec: { verifier: name, trigger: "Instant", ...(session !== undefined && { session }) },
  };
}

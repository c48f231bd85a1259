/** The evidence of a drill that has ended, signed where the installation has a key. */
import { readFileSync } from "node:fs";
import type { BackupVerificationSession } from "../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../shared/api/backup-verifier.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { buildEvidence } from "../../shared/evidence/build.ts";
import { canonicalJson } from "../../shared/evidence/canonical-json.ts";
import { type EvidenceSignature, signEvidence } from "../../shared/evidence/signature.ts";
import type { Logger } from "../../shared/log.ts";
import { provenType } from "./proven.ts";
import type { DrillStatus } from "./status.ts";

export interface EvidenceSource {
  /** Version of the product. */
  readonly product: string;
  /** The installation's key in PEM; undefined where it has none. Asked each time: the kubelet brings one that is made later. */
  readKey(): string | undefined;
}

/** @param path file with the key */
export function createEvidenceSource(product: string, path: string): EvidenceSource {
  return {
    product,
    readKey() {
      try {
        return readFileSync(path, "utf8");
      } catch (error) {
        if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return;
        throw new UserError("CONFIGURATION_INVALID", `${path} can't be read: ${messageOf(error)}`);
      }
    },
  };
}

export interface EvidencePorts {
  readonly evidence: EvidenceSource;
  readonly cluster: string | undefined;
  readonly log: Logger;
  readonly now: Date;
}

/** The status with its evidence. A drill that was skipped has none: it looked at nothing. */
export function withEvidence(
  drill: BackupVerificationSession,
  status: DrillStatus,
  verifier: BackupVerifier | undefined,
  { evidence, cluster, log, now }: EvidencePorts,
): DrillStatus {
  const { phase } = status;
  if (phase !== "Succeeded" && phase !== "Failed") return status;
  const text = canonicalJson(
    buildEvidence(
      { ...drill, status },
      {
        outcome: phase,
        product: evidence.product,
        restic: status.resticVersion,
        cluster,
        // What was proven is what was done; what failed was meant.
        type: phase === "Succeeded" ? provenType(status) : verifier?.spec.type,
        now,
      },
    ),
  );
  const signature = sign(text, evidence, log);
  return { ...status, evidence: text, ...(signature !== undefined && { signature }) };
}

/** What was proven stays proven where it can't be signed; `proof` says that it is not signed. */
function sign(text: string, { readKey }: EvidenceSource, log: Logger): EvidenceSignature | undefined {
  try {
    const key = readKey();
    return key === undefined ? undefined : signEvidence(text, key);
  } catch (error) {
    log.error({ error: messageOf(error) }, "evidence of a drill is not signed");
    return undefined;
  }
}

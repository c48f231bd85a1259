/** The evidence with its signature, as it leaves the cluster, and whether it is whole. Pure. */
import { UserError } from "../../shared/errors.ts";
import { EVIDENCE_FORMAT, type Evidence, readEvidence } from "../../shared/evidence/build.ts";
import { canonicalJson } from "../../shared/evidence/canonical-json.ts";
import { type EvidenceSignature, isSigned, keyFingerprint } from "../../shared/evidence/signature.ts";
import { isJsonObject } from "../../shared/json/value.ts";

export interface EvidenceDocument {
  readonly evidence: Evidence;
  readonly signature?: EvidenceSignature;
}

function readSignature(value: unknown): EvidenceSignature | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value) || typeof value["key"] !== "string" || typeof value["value"] !== "string") {
    throw new UserError("INVALID_OBJECT", "the signature has no key or no value");
  }
  return { key: value["key"], value: value["value"] };
}

export interface ReadDocument extends EvidenceDocument {
  /** What was signed. */
  readonly text: string;
}

/** @throws UserError INVALID_OBJECT when it is no evidence of a drill */
export function readDocument(value: unknown): ReadDocument {
  if (!isJsonObject(value) || !isJsonObject(value["evidence"])) {
    throw new UserError("INVALID_OBJECT", "this is no evidence of a drill", {
      next: "Take a file that `kubectl stash proof BATCH -o json` wrote.",
    });
  }
  const evidence = readEvidence(value["evidence"]);
  if (evidence.format !== EVIDENCE_FORMAT) {
    throw new UserError("INVALID_OBJECT", `evidence of the format ${evidence.format} is not known here`);
  }
  const signature = readSignature(value["signature"]);
  // All of it counts, fields that we don't know too.
  return { evidence, text: canonicalJson(value["evidence"]), ...(signature !== undefined && { signature }) };
}

export type Verdict =
  | { readonly kind: "signed"; readonly fingerprint: string }
  | { readonly kind: "unsigned" }
  /** It, or its signature, was changed. */
  | { readonly kind: "changed"; readonly fingerprint: string }
  /** Signed, but not with the key that was expected. */
  | { readonly kind: "other-key"; readonly fingerprint: string };

/** @param expectedKey public key as in signatures; any will do when undefined */
export function judgeDocument({ text, signature }: ReadDocument, expectedKey: string | undefined): Verdict {
  if (signature === undefined) return { kind: "unsigned" };
  const fingerprint = keyFingerprint(signature.key);
  if (!isSigned(text, signature)) return { kind: "changed", fingerprint };
  if (expectedKey !== undefined && expectedKey !== signature.key) return { kind: "other-key", fingerprint };
  return { kind: "signed", fingerprint };
}

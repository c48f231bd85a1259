/** What a drill leaves as evidence: signed with the installation's key as it is at that moment, and never a proof of nothing. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judgeDocument, readDocument } from "../../../../cli/proof/document.ts";
import { createEvidenceSource, withEvidence } from "../../../../reconciler/verification/evidence.ts";
import type { DrillStatus } from "../../../../reconciler/verification/status.ts";
import { parseBackupVerificationSession } from "../../../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { readPublicKey } from "../../../../shared/evidence/signature.ts";
import { createLogger } from "../../../../shared/log.ts";

const { privateKey } = generateKeyPairSync("ed25519");
const PEM = privateKey.export({ format: "pem", type: "pkcs8" }).toString();

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stash-evidence-"));
  path = join(dir, "key.pem");
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const { apiVersion, kind } = KINDS.BackupVerificationSession;
const drill = parseBackupVerificationSession({
  apiVersion,
  kind,
  metadata: { name: "shop-1", namespace: "shop", uid: "u" },
  spec: { verifier: "shop" },
});

function end(status: DrillStatus): DrillStatus {
  return withEvidence(drill, status, undefined, {
    evidence: createEvidenceSource("1.2.3", path),
    cluster: "c",
    log: createLogger("reconciler", "error"),
    now: new Date(0),
  });
}

function documentOf({ evidence, signature }: DrillStatus) {
  return readDocument({ evidence: JSON.parse(evidence ?? "null"), signature });
}

const PROVEN: DrillStatus = {
  phase: "Succeeded",
  resticVersion: "0.18.0",
  members: [{ alias: "web", phase: "Succeeded" }],
};

test("a drill that proved or disproved something leaves evidence, unsigned where there is no key", () => {
  for (const phase of ["Succeeded", "Failed"] as const) {
    const document = documentOf(end({ ...PROVEN, phase }));
    expect(document.evidence).toMatchObject({ outcome: phase, product: "1.2.3", restic: "0.18.0", cluster: "c" });
    expect(judgeDocument(document, undefined)).toEqual({ kind: "unsigned" });
  }
});

test("a key that is made later signs the next one", () => {
  const source = createEvidenceSource("1.2.3", path);
  expect(source.readKey()).toBeUndefined();
  writeFileSync(path, PEM);
  expect(source.readKey()).toBe(PEM);
  expect(judgeDocument(documentOf(end(PROVEN)), readPublicKey(PEM)).kind).toBe("signed");
});

test("a key that is none leaves the evidence unsigned, and what was proven stays so", () => {
  writeFileSync(path, "no key");
  const status = end(PROVEN);
  expect(status.phase).toBe("Succeeded");
  expect(judgeDocument(documentOf(status), undefined)).toEqual({ kind: "unsigned" });
});

test("a drill that was skipped leaves none", () => {
  expect(end({ phase: "Skipped", message: "no room" })).toEqual({ phase: "Skipped", message: "no room" });
});

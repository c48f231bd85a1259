import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { judgeDocument, readDocument } from "../../../../cli/proof/document.ts";
import { parseBackupVerificationSession } from "../../../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { MAX_RECORDED_LENGTH } from "../../../../shared/api/schema.ts";
import { buildEvidence, readEvidence } from "../../../../shared/evidence/build.ts";
import { canonicalJson } from "../../../../shared/evidence/canonical-json.ts";
import { isSigned, keyFingerprint, readPublicKey, signEvidence } from "../../../../shared/evidence/signature.ts";

const pairOf = () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privatePem: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    publicPem: publicKey.export({ format: "pem", type: "spki" }).toString(),
  };
};
const { privatePem, publicPem } = pairOf();
const NOW = new Date("2026-01-02T03:04:05Z");

function aDrill(members: readonly object[] = [], more: object = {}) {
  return parseBackupVerificationSession({
    apiVersion: KINDS.BackupVerificationSession.apiVersion,
    kind: KINDS.BackupVerificationSession.kind,
    metadata: { name: "shop-1", namespace: "shop", uid: "u-1" },
    spec: { verifier: "shop" },
    status: {
      phase: "Running",
      invoker: { kind: "BackupBatch", name: "shop" },
      point: { session: "shop-1795966270", time: "2026-01-02T00:00:00Z" },
      pointAgeSeconds: 11_045,
      recoverySeconds: 41,
      members: [
        {
          alias: "web",
          kind: "Deployment",
          name: "web",
          phase: "Succeeded",
          snapshots: [{ id: "a".repeat(64), host: "host-0", path: "/data", tree: "b".repeat(64) }],
          files: 12,
          compared: 9,
          findingCount: 0,
        },
        ...members,
      ],
      checks: [{ name: "files of web", ok: true }],
      ...more,
    },
  });
}

const context = {
  outcome: "Succeeded",
  product: "1.2.3",
  restic: "0.18.0",
  cluster: "c-1",
  type: "RestoreOnly",
  now: NOW,
} as const;

/** As it comes back from a file. */
function documentOf(evidence: unknown, signature: unknown): unknown {
  return JSON.parse(JSON.stringify({ signature, evidence }, null, 2));
}

describe("canonical JSON", () => {
  test("is one text for one value, in whatever order it was written", () => {
    expect(canonicalJson({ b: [1, { d: null, c: "é\n" }], a: true, none: undefined })).toBe(
      '{"a":true,"b":[1,{"c":"é\\n","d":null}]}',
    );
    expect(canonicalJson({ a: 1, B: 2, "": 3 })).toBe('{"":3,"B":2,"a":1}');
  });

  test("is not made of what JSON can't hold", () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, () => 1]) {
      expect(() => canonicalJson({ value })).toThrow(expect.objectContaining({ code: "INVALID_OBJECT" }));
    }
  });
});

describe("evidence", () => {
  test("tells the point, its snapshots with their trees, what was looked at, and the versions", () => {
    const evidence = buildEvidence(aDrill(), context);
    expect(evidence).toMatchObject({
      outcome: "Succeeded",
      product: "1.2.3",
      restic: "0.18.0",
      drill: { name: "shop-1", uid: "u-1" },
      point: { session: "shop-1795966270" },
      recoverySeconds: 41,
      endTime: "2026-01-02T03:04:05.000Z",
      members: [{ alias: "web", proven: true, snapshotCount: 1, snapshots: [{ tree: "b".repeat(64) }], files: 12 }],
    });
    expect(readEvidence(JSON.parse(canonicalJson(evidence)))).toEqual(evidence);
  });

  test("of a database says of what image the server was that had loaded it", () => {
    const server = {
      name: "drill-shop-1-db-0",
      member: "db",
      host: "db",
      type: "kubedb.com/mariadb",
      version: "10.11",
      image: "here/mariadb:10.11",
      port: 3306,
      user: "root",
      size: "1024Mi",
      snapshots: [{ id: "d", path: "dumpfile.sql" }],
    };
    const db = { alias: "db", phase: "Succeeded", tableCount: 2, rows: 7 };
    const { members } = buildEvidence(aDrill([db], { servers: [server] }), context);
    expect(members.map((member) => member.server)).toEqual([
      undefined,
      { image: "here/mariadb:10.11", type: "kubedb.com/mariadb", version: "10.11" },
    ]);
  });

  test("of a member that was not looked at, or has findings, does not call it proven", () => {
    const bad = [
      { alias: "db", phase: "Failed", findingCount: 3 },
      { alias: "other", phase: "Pending" },
    ];
    const { members } = buildEvidence(aDrill(bad), { ...context, outcome: "Failed" });
    expect(members.map(({ proven }) => proven)).toEqual([true, false, false]);
  });

  test("of the largest drill fits into a status, and the hash still stands for all its snapshots", () => {
    const snapshots = Array.from({ length: 900 }, (_one, at) => ({
      id: `${at}`.padStart(64, "0"),
      path: "/p".repeat(50),
    }));
    const queries = Array.from({ length: 900 }, () => ({
      statement: "x".repeat(60_000),
      ok: true,
      value: "y".repeat(999),
    }));
    const member = { alias: "db", phase: "Succeeded", snapshots, queries };
    const one = buildEvidence(aDrill([member]), context);
    expect(canonicalJson(one).length).toBeLessThan(MAX_RECORDED_LENGTH);
    const changed = [...snapshots.slice(0, -1), { id: "f".repeat(64) }];
    const other = buildEvidence(aDrill([{ ...member, snapshots: changed }]), context);
    expect(other.members[1]?.snapshotsHash).not.toBe(one.members[1]?.snapshotsHash);
  });
});

describe("a document", () => {
  const evidence = buildEvidence(aDrill(), context);
  const signature = signEvidence(canonicalJson(evidence), privatePem);

  test("that nobody touched is signed, by the key that was expected", () => {
    const document = readDocument(documentOf(evidence, signature));
    const fingerprint = keyFingerprint(readPublicKey(publicPem));
    expect(fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(judgeDocument(document, undefined)).toEqual({ kind: "signed", fingerprint });
    expect(judgeDocument(document, readPublicKey(publicPem))).toEqual({ kind: "signed", fingerprint });
  });

  test.each<[string, (value: typeof evidence) => object]>([
    ["its outcome", (value) => ({ ...value, outcome: "Failed" })],
    ["a count deep in it", (value) => ({ ...value, members: [{ ...value.members[0], files: 13 }] })],
    ["a field that nobody knows", (value) => ({ ...value, extra: 1 })],
    ["a field that is gone", ({ restic: _restic, ...rest }) => rest],
  ])("shows a change of %s", (_what, change) => {
    const document = readDocument(documentOf(change(evidence), signature));
    expect(judgeDocument(document, undefined).kind).toBe("changed");
  });

  test("signed by another key is not the installation's, and a swapped key is a change", () => {
    const other = pairOf();
    const foreign = signEvidence(canonicalJson(evidence), other.privatePem);
    expect(judgeDocument(readDocument(documentOf(evidence, foreign)), readPublicKey(publicPem)).kind).toBe("other-key");
    const swapped = { ...signature, key: readPublicKey(other.publicPem) };
    expect(judgeDocument(readDocument(documentOf(evidence, swapped)), undefined).kind).toBe("changed");
    for (const broken of [
      { ...signature, key: "AAAA" },
      { ...signature, value: "" },
    ]) {
      expect(isSigned(canonicalJson(evidence), broken)).toBe(false);
    }
  });

  test("without a signature is told apart, and what is none is refused", () => {
    expect(judgeDocument(readDocument(documentOf(evidence, undefined)), undefined)).toEqual({ kind: "unsigned" });
    for (const value of [
      [],
      {},
      { evidence: {} },
      { evidence: "x" },
      documentOf(evidence, { key: 1 }),
      documentOf({ ...evidence, format: "x" }, undefined),
    ]) {
      expect(() => readDocument(value)).toThrow(expect.objectContaining({ code: "INVALID_OBJECT" }));
    }
  });
});

test("a key that is none, or of another type, is told with how to make one", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey.export({ format: "pem", type: "pkcs8" });
  for (const key of ["no key", rsa.toString()]) {
    expect(() => signEvidence("x", key)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", next: expect.stringContaining("openssl") }),
    );
  }
});

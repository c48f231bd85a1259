/** `prove` and `proof`: whole command lines against an API server in memory. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseBackupVerificationSession } from "../../../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { buildEvidence } from "../../../../shared/evidence/build.ts";
import { canonicalJson } from "../../../../shared/evidence/canonical-json.ts";
import { signEvidence } from "../../../../shared/evidence/signature.ts";
import { isJsonObject } from "../../../../shared/json/value.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const PRIVATE = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
const PUBLIC = publicKey.export({ format: "pem", type: "spki" }).toString();

let api: MemoryApi;
let dir: string;

beforeEach(async () => {
  api = await startMemoryApi();
  dir = mkdtempSync(join(tmpdir(), "stash-proof-"));
  api.put(KINDS.BackupBatch, {
    apiVersion: KINDS.BackupBatch.apiVersion,
    kind: "BackupBatch",
    metadata: { name: "shop", namespace: "shop", uid: "b" },
    spec: { repository: { name: "store" }, retentionPolicy: { name: "all", keepLast: 3, prune: true }, members: [] },
  });
});

afterEach(async () => {
  await api.stop();
  rmSync(dir, { recursive: true, force: true });
});

function putVerifier(name: string, invoker = "shop"): void {
  const { apiVersion, kind } = KINDS.BackupVerifier;
  const spec = { invoker: { kind: "BackupBatch", name: invoker } };
  api.put(KINDS.BackupVerifier, { apiVersion, kind, metadata: { name, namespace: "shop", uid: `v-${name}` }, spec });
}

function aDrill(name: string, status: object, verifier = "shop") {
  const { apiVersion, kind } = KINDS.BackupVerificationSession;
  return parseBackupVerificationSession({
    apiVersion,
    kind,
    metadata: { name, namespace: "shop", uid: `d-${name}`, creationTimestamp: `2026-01-0${name.length}T00:00:00Z` },
    spec: { verifier },
    status,
  });
}

const STATUS = {
  phase: "Succeeded",
  message: "restored in 0:41, 2,867 files, 12 tables",
  invoker: { kind: "BackupBatch", name: "shop" },
  point: { session: "shop-1795966270", time: "2026-01-02T00:00:00Z" },
  pointAgeSeconds: 11_045,
  recoverySeconds: 41,
  servers: [
    {
      name: "drill-a-db-0",
      member: "db",
      host: "db",
      type: "mariadb",
      image: "here/mariadb:10.11",
      port: 3306,
      user: "root",
      size: "1024Mi",
      snapshots: [{ id: "a".repeat(64), path: "dumpfile.sql" }],
    },
  ],
  members: [
    {
      alias: "db",
      phase: "Succeeded",
      snapshots: [{ id: "a".repeat(64) }],
      tableCount: 12,
      rows: 1_300,
      queries: [{ statement: "SELECT count(*) FROM posts", value: "8", ok: true }],
      unproven: ["what nobody asked"],
    },
  ],
};

/** With evidence as the reconciler leaves it. */
function putDrill(name: string, { phase = "Succeeded", isSigned = true } = {}): void {
  const outcome = phase === "Succeeded" ? "Succeeded" : "Failed";
  const bare = aDrill(name, { ...STATUS, phase });
  const evidence = canonicalJson(
    buildEvidence(bare, { outcome, product: "1.2.3", restic: "0.18.0", now: new Date(0) }),
  );
  const signature = isSigned ? { signature: signEvidence(evidence, PRIVATE) } : {};
  api.put(KINDS.BackupVerificationSession, { ...bare, status: { ...bare.status, evidence, ...signature } });
}

const drills = () => api.list(KINDS.BackupVerificationSession, "shop").map(parseBackupVerificationSession);

/** What the reconciler would make of a new drill. */
function endEachDrill(status: object): void {
  api.reacts = ({ line, body }) => {
    if (!line.startsWith("POST") || !isJsonObject(body)) return;
    api.put(KINDS.BackupVerificationSession, { ...body, status });
  };
}

describe("prove", () => {
  test("makes a drill of the batch's verifier, owned by it, and tells how to go on", async () => {
    putVerifier("shop");
    putVerifier("other", "blog");
    const { exitCode, output, notes } = await runLine(api, ["prove", "shop", "--session=shop-17"]);
    expect({ exitCode, notes }).toMatchObject({
      exitCode: 0,
      notes: expect.stringContaining("kubectl stash proof shop -n shop"),
    });
    const [drill] = drills();
    expect(output).toBe(`backupverificationsession.stash.appscode.com/${drill?.metadata.name} created\n`);
    expect(drill).toMatchObject({
      metadata: { ownerReferences: [{ kind: "BackupVerifier", name: "shop", uid: "v-shop" }] },
      spec: { verifier: "shop", session: "shop-17", trigger: "Instant" },
    });
  });

  test("without a verifier says how to make one, and with several wants a name", async () => {
    const none = await runLine(api, ["prove", "shop"]);
    expect(none.exitCode).toBe(1);
    expect(none.notes).toContain('"kind":"BackupVerifier"');
    putVerifier("shop");
    putVerifier("nightly");
    expect((await runLine(api, ["prove", "shop"])).exitCode).toBe(2);
    expect((await runLine(api, ["prove", "shop", "--verifier=night"])).notes).toContain("did you mean nightly?");
    expect(drills()).toEqual([]);
    expect((await runLine(api, ["prove", "shop", "--verifier=nightly"])).exitCode).toBe(0);
    expect(drills()[0]?.spec.verifier).toBe("nightly");
  });

  test.each([
    ["Succeeded", undefined, 0, "proven: all is well"],
    ["Failed", "RECOVERY_NOT_PROVEN", 1, "not proven: all is well"],
    ["Skipped", "DRILL_NO_ROOM", 1, "skipped: all is well"],
  ])("--wait ends when the drill is %s, with its words", async (phase, reason, code, words) => {
    putVerifier("shop");
    const members = [{ alias: "db", phase }];
    endEachDrill({ phase, step: "Done", message: "all is well", members, ...(reason !== undefined && { reason }) });
    const { exitCode, output, notes } = await runLine(api, ["prove", "shop", "--wait"]);
    expect(exitCode).toBe(code);
    expect(output).toContain(words);
    expect(output.includes("next: ")).toBe(code !== 0);
    expect(notes).toContain(`db: ${phase}`);
  });

  test("--timeout ends the waiting, not the drill, and says so", async () => {
    putVerifier("shop");
    const { exitCode, notes } = await runLine(api, ["prove", "shop", "--wait", "--timeout=1s"]);
    expect(exitCode).toBe(1);
    expect(notes).toContain("goes on in the cluster");
    expect(drills()).toHaveLength(1);
  });

  test("-o json is the drill alone", async () => {
    putVerifier("shop");
    endEachDrill({ phase: "Succeeded", message: "good" });
    const { output } = await runLine(api, ["prove", "shop", "--wait", "-o", "json"]);
    expect(JSON.parse(output)).toMatchObject({ kind: "BackupVerificationSession", status: { phase: "Succeeded" } });
  });
});

describe("proof", () => {
  test("tells the point, the members, the answers, what was not looked at, and who signed", async () => {
    putDrill("a");
    const { exitCode, output } = await runLine(api, ["proof", "shop"]);
    expect(exitCode).toBe(0);
    for (const words of [
      "BackupBatch shop/shop: proven",
      "point: shop-1795966270, 2026-01-02T00:00:00Z, 3h4m old",
      "recovery: 0:41",
      "1,300",
      "server: db: here/mariadb:10.11",
      "ok: db: SELECT count(*) FROM posts: 8",
      "not looked at: db: what nobody asked",
      "product 1.2.3, restic 0.18.0",
      "signed by SHA256:",
    ]) {
      expect(output).toContain(words);
    }
  });

  test("is of the newest drill that has ended, also where that one failed", async () => {
    putDrill("a");
    putDrill("bb", { phase: "Failed" });
    api.put(KINDS.BackupVerificationSession, aDrill("ccc", { phase: "Running" }));
    const { exitCode, output } = await runLine(api, ["proof", "shop"]);
    expect(exitCode).toBe(1);
    expect(output).toContain("not proven");
    expect((await runLine(api, ["proof", "shop", "--drill=a"])).exitCode).toBe(0);
    expect((await runLine(api, ["proof", "shop", "--drill=zz"])).notes).toContain(
      "there is no BackupVerificationSession",
    );
  });

  test("of a batch that was never proven says how to do it, and of a drill without evidence why", async () => {
    const none = await runLine(api, ["proof", "shop"]);
    expect(none.exitCode).toBe(1);
    expect(none.notes).toContain("prove shop -n shop --wait");
    api.put(KINDS.BackupVerificationSession, aDrill("a", { ...STATUS, phase: "Skipped", message: "no room" }));
    expect((await runLine(api, ["proof", "shop"])).notes).toContain("no room");
  });

  test("of another batch's drill is not taken for this one's, though their verifiers have one name", async () => {
    putVerifier("shop");
    const other = aDrill("a", { ...STATUS, invoker: { kind: "BackupBatch", name: "blog" } });
    api.put(KINDS.BackupVerificationSession, other);
    expect((await runLine(api, ["proof", "shop"])).notes).toContain("no drill of BackupBatch shop/shop has ended");
  });
});

describe("proof verify", () => {
  async function documentFile(format: string, options = {}): Promise<string> {
    putDrill("a", options);
    const { output } = await runLine(api, ["proof", "shop", "-o", format]);
    const file = join(dir, `proof.${format}`);
    writeFileSync(file, output);
    return file;
  }

  function keyFile(pem: string): string {
    const file = join(dir, "key.pub");
    writeFileSync(file, pem);
    return file;
  }

  test.each(["json", "yaml"])("holds the %s that proof wrote for good, and asks no cluster", async (format) => {
    const file = await documentFile(format);
    api.calls.length = 0;
    const { exitCode, output } = await runLine(api, ["proof", "verify", file, `--key=${keyFile(PUBLIC)}`]);
    expect(exitCode).toBe(0);
    expect(output).toContain("signed by SHA256:");
    expect(api.calls).toEqual([]);
  });

  test("finds a letter that was changed", async () => {
    const file = await documentFile("json");
    const { output: before } = await runLine(api, ["proof", "shop", "-o", "json"]);
    writeFileSync(file, before.replace('"rows": 1300', '"rows": 1301'));
    const { exitCode, output } = await runLine(api, ["proof", "verify", file]);
    expect(exitCode).toBe(1);
    expect(output).toContain("changed since it was signed");
  });

  test("does not hold another's key, no signature, or a drill that proved nothing for good", async () => {
    const other = generateKeyPairSync("ed25519").publicKey.export({ format: "pem", type: "spki" }).toString();
    const foreign = await runLine(api, ["proof", "verify", await documentFile("json"), `--key=${keyFile(other)}`]);
    expect(foreign).toMatchObject({ exitCode: 1, output: expect.stringContaining("not the key that was expected") });
    const bare = await runLine(api, ["proof", "verify", await documentFile("json", { isSigned: false })]);
    expect(bare).toMatchObject({ exitCode: 1, output: expect.stringContaining("not signed") });
    const failed = await runLine(api, ["proof", "verify", await documentFile("json", { phase: "Failed" })]);
    expect(failed).toMatchObject({ exitCode: 1, output: expect.stringContaining("not proven") });
  });

  test("tells what is no document, no file and no key", async () => {
    const file = join(dir, "x");
    writeFileSync(file, "{}");
    expect((await runLine(api, ["proof", "verify", file])).notes).toContain("this is no evidence");
    expect((await runLine(api, ["proof", "verify", join(dir, "none")])).notes).toContain("can't be read");
    const good = await documentFile("json");
    expect((await runLine(api, ["proof", "verify", good, `--key=${file}`])).notes).toContain("public key");
    expect((await runLine(api, ["proof", "shop", good])).exitCode).toBe(2);
    expect((await runLine(api, ["proof", "shop", `--key=${file}`])).exitCode).toBe(2);
  });
});

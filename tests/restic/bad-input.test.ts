import { execFileSync } from "node:child_process";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PathOutcome } from "../../agent/backup/outcome.ts";
import { runAction } from "../../agent/maintain/actions.ts";
import type { ActionPorts } from "../../agent/maintain/ports.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import { gatherSecret } from "../../agent/restic/secret.ts";
import { UserError } from "../../shared/errors.ts";
import { type BackendServer, startRestServer, startS3Server } from "../support/restic/backend-servers.ts";
import { mountSmallDisk, startSilentServer, unprivilegedRestic } from "../support/restic/hostile.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const signal = new AbortController().signal;
let world: ResticWorld;
let restic: Restic;

beforeEach(async () => {
  world = await createResticWorld();
  restic = await world.open();
  await writeFile(join(world.data, "file"), "content");
});

afterEach(() => world?.stop());

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
  } catch (error) {
    if (error instanceof UserError) {
      expect(error.next.length).toBeGreaterThan(10);
      return error.code;
    }
    throw error;
  }
  return "no error";
}

function failureOf(outcome: PathOutcome | undefined): UserError {
  if (outcome?.kind !== "failed") throw new Error("it was saved");
  return outcome.error;
}

describe("the repository", () => {
  test("L54: a wrong password is told, and no repository is made over it", async () => {
    await ensureRepository(restic, signal);
    const wrong = await world.open(world.localBackend, { RESTIC_PASSWORD: "something else" });
    const before = await readdir(join(world.repository, "keys"));
    expect(await codeOf(() => ensureRepository(wrong, signal))).toBe("REPOSITORY_WRONG_PASSWORD");
    expect(await readdir(join(world.repository, "keys"))).toEqual(before);
    expect(failureOf((await world.backup(wrong))[0]).code).toBe("REPOSITORY_WRONG_PASSWORD");
  });

  test("that does not exist is told to a restore", async () => {
    const none = await world.open(world.bareBackend);
    const outcome = await world.restore(none);
    expect(outcome.failure?.code).toBe("REPOSITORY_NOT_FOUND");
  });

  test("that lost its configuration's content counts as damaged, not as missing", async () => {
    await ensureRepository(restic, signal);
    chmodSync(join(world.repository, "config"), 0o600);
    await truncate(join(world.repository, "config"), 0);
    expect(await codeOf(() => ensureRepository(restic, signal))).toBe("REPOSITORY_DAMAGED");
  });

  test("that lost a pack is found by the check, and not restored from", async () => {
    await ensureRepository(restic, signal);
    await world.backup(restic);
    execFileSync("find", [join(world.repository, "data"), "-type", "f", "-delete"]);
    const ports: ActionPorts = {
      restic,
      signal,
      policy: undefined,
      scope: () => ({ invokerTag: undefined, sessionTag: undefined, untagged: [] }),
      readDataSubset: undefined,
      withLock: (run) => run(),
    };
    const checked = await runAction("VerifyRepositoryIntegrity", ports);
    expect(checked).toMatchObject({ failure: { integrity: false, error: { code: "REPOSITORY_DAMAGED" } } });
    // restic from 0.17 on needs nothing of the repository for a file that is as it was.
    rmSync(join(world.data, "file"));
    const restored = await world.restore(restic);
    expect(restored.failure?.code).toBe("REPOSITORY_DAMAGED");
  });

  test("that may not be written is told to a backup, and still restored from", async () => {
    await ensureRepository(restic, signal);
    await world.backup(restic);
    chmodSync(world.dir, 0o755);
    execFileSync("chmod", ["-R", "a+rX,a-w", world.repository]);
    const away = join(world.dir, "away");
    await mkdir(away);
    chmodSync(away, 0o777);
    const poor = await world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
    execFileSync("chmod", ["-R", "a+rwX", join(world.dir, "scratch")]);
    expect(failureOf((await world.backup(poor))[0]).code).toBe("REPOSITORY_READ_ONLY");
    const restored = await world.restore(poor, { targetFolder: away });
    expect(restored.failure).toBeUndefined();
    execFileSync("chmod", ["-R", "u+w", world.repository]);
  });

  test("on a disk that becomes full in the middle ends with that reason, and takes backups again afterwards", async () => {
    const disk = join(world.dir, "disk");
    const unmount = mountSmallDisk(disk, 6);
    try {
      const full = await world.open({ local: { mountPath: join(disk, "repository") } });
      await ensureRepository(full, signal);
      execFileSync("dd", ["if=/dev/urandom", `of=${join(world.data, "big")}`, "bs=1M", "count=20"], {
        stdio: "ignore",
      });
      expect(failureOf((await world.backup(full))[0]).code).toBe("NO_SPACE");
      rmSync(join(world.data, "big"));
      execFileSync("mount", ["-o", "remount,size=64m", disk]);
      const after = (await world.backup(full))[0];
      expect(after?.kind === "failed" ? after.error.message : after?.kind).toBe("saved");
    } finally {
      unmount();
    }
  });
});

describe("the backend", () => {
  let rest: BackendServer;
  let s3: BackendServer;
  let servers: ResticWorld;

  beforeAll(async () => {
    servers = await createResticWorld();
    await mkdir(join(servers.dir, "rest"));
    rest = await startRestServer(join(servers.dir, "rest"), "user", "good");
    s3 = await startS3Server(servers.dir);
  });

  afterAll(async () => {
    await rest?.stop();
    await s3?.stop();
    await servers?.stop();
  });

  test("that refuses the credentials is told apart from a missing repository", async () => {
    const secret = { REST_SERVER_USERNAME: "user", REST_SERVER_PASSWORD: "bad bad" };
    const refused = await world.open({ rest: { url: `http://127.0.0.1:${rest.port}/x` } }, secret);
    expect(await codeOf(() => ensureRepository(refused, signal))).toBe("BACKEND_REFUSED");
  });

  test("with a certificate that nobody vouches for is told", async () => {
    const keys = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };
    const backend = { s3: { endpoint: `https://127.0.0.1:${s3.port}`, bucket: "bucket", region: "us-east-1" } };
    const distrusted = await world.open(backend, keys);
    expect(await codeOf(() => ensureRepository(distrusted, signal))).toBe("BACKEND_CERTIFICATE");
  });

  test("L54: that can't be reached is told, and no repository is made", async () => {
    const gone = await world.open({ rest: { url: "http://127.0.0.1:9/x" } });
    expect(await codeOf(() => ensureRepository(gone, signal))).toBe("BACKEND_UNREACHABLE");
  });

  test("that never answers ends with the time limit", async () => {
    const { port, server } = await startSilentServer();
    const silent = await world.open({ rest: { url: `http://127.0.0.1:${port}/x` } });
    const exit = await silent.run(["snapshots"], { timeLimitMs: 1_500 });
    expect(silent.fault("list", exit).code).toBe("RESTIC_TIMEOUT");
    server.close();
  });
});

describe("the data", () => {
  beforeEach(async () => {
    await ensureRepository(restic, signal);
  });

  test("L55: all paths are tried; what was saved is told beside the one that failed", async () => {
    const outcomes = await world.backup(restic, { paths: [join(world.dir, "nowhere"), world.data] });
    expect(outcomes.map(({ kind }) => kind)).toEqual(["failed", "saved"]);
    expect(failureOf(outcomes[0]).code).toBe("PATH_NOT_FOUND");
  });

  test("L55: files that can't be read are warnings; twenty are named, the others counted", async () => {
    for (let index = 0; index < 25; index++) writeFileSync(join(world.data, `no-${index}`), "x", { mode: 0o000 });
    chmodSync(world.dir, 0o755);
    const poor = await world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
    execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
    const [outcome] = await world.backup(poor);
    expect(outcome).toMatchObject({ kind: "saved", snapshot: { fileStats: { totalFiles: 1 } } });
    expect(outcome?.warnings).toHaveLength(21);
    expect(outcome?.warnings[0]).toMatch(/no-\d+: open: permission denied$/);
    expect(outcome?.warnings[20]).toBe(`5 more files of ${world.data} could not be read`);
  });

  test("that holds the repository, or lies in it, is refused before restic runs", async () => {
    const outcomes = await world.backup(restic, { paths: [world.dir, join(world.repository, "data")] });
    expect(outcomes.map((outcome) => failureOf(outcome).code)).toEqual([
      "PATH_INSIDE_REPOSITORY",
      "PATH_INSIDE_REPOSITORY",
    ]);
  });

  test("that changes and vanishes while it is read does not fail the backup", async () => {
    const churn = setInterval(() => {
      writeFileSync(join(world.data, "moving"), String(Math.random()).repeat(10_000));
      rmSync(join(world.data, "moving"));
      writeFileSync(join(world.data, "growing"), "x".repeat(100_000), { flag: "a" });
    }, 1);
    const [outcome] = await world.backup(restic);
    clearInterval(churn);
    expect(outcome?.kind).toBe("saved");
  });

  test("of an empty folder is saved and restored as such", async () => {
    rmSync(join(world.data, "file"));
    const [outcome] = await world.backup(restic);
    expect(outcome).toMatchObject({ kind: "saved", snapshot: { fileStats: { totalFiles: 0 } } });
    rmSync(world.data, { recursive: true });
    expect((await world.restore(restic)).failure).toBeUndefined();
    expect(await readdir(world.data)).toEqual([]);
  });
});

describe("restic itself", () => {
  test("that is not there is told", async () => {
    const none = await world.open(undefined, {}, { STASH_RESTIC: "/nowhere/restic" });
    expect(await codeOf(() => ensureRepository(none, signal))).toBe("RESTIC_MISSING");
  });

  test("that ends without a snapshot is no success", async () => {
    const path = join(world.dir, "silent-restic");
    writeFileSync(path, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const silent = await world.open(undefined, {}, { STASH_RESTIC: path });
    expect(failureOf((await world.backup(silent))[0]).code).toBe("NO_SNAPSHOT_REPORTED");
  });

  test("that is killed is told, with the hint to its memory", async () => {
    const path = join(world.dir, "dying-restic");
    writeFileSync(path, "#!/bin/sh\nkill -9 $$\n", { mode: 0o755 });
    const dying = await world.open(undefined, {}, { STASH_RESTIC: path });
    const failure = failureOf((await world.backup(dying))[0]);
    expect(failure).toMatchObject({ code: "RESTIC_KILLED" });
    expect(failure.next).toContain("memory");
  });

  test("L56: a short message arrives whole", async () => {
    await ensureRepository(restic, signal);
    const [outcome] = await world.backup(restic, { args: ["--no-such-flag"] });
    expect(failureOf(outcome).message).toContain("unknown flag: --no-such-flag");
  });
});

describe("the Secret", () => {
  test("that is not there, or lacks the password, is told by name", async () => {
    expect(() => gatherSecret("absent", world.dir)).toThrowError(/Secret absent is not there/);
    await mkdir(join(world.dir, "secrets", "poor"));
    await writeFile(join(world.dir, "secrets", "poor", "OTHER"), "x");
    expect(await codeOf(() => world.open(undefined, { RESTIC_PASSWORD: "" }))).toBe("SECRET_INVALID");
  });
});

describe("a restore", () => {
  beforeEach(async () => {
    await ensureRepository(restic, signal);
    await world.backup(restic);
  });

  test("of a snapshot that is missing touches nothing and lists what exists", async () => {
    writeFileSync(join(world.data, "file"), "newer");
    const rules = [{ paths: [world.data, "/not/saved"] }];
    const outcome = await world.restore(restic, { rules });
    expect(outcome.failure).toMatchObject({ code: "SNAPSHOT_NOT_FOUND" });
    expect(outcome.failure?.message).toContain(`host-0 ${world.data}`);
    expect(execFileSync("cat", [join(world.data, "file")], { encoding: "utf8" })).toBe("newer");
  });

  test("L42: that selects nothing is a failure", async () => {
    const nobody = await world.restore(restic, { rules: [{ targetHosts: ["host-7"], paths: [world.data] }] });
    expect(nobody.failure?.code).toBe("NOTHING_SELECTED");
    const nothing = await world.restore(restic, { rules: [{}] });
    expect(nothing.failure?.code).toBe("NOTHING_SELECTED");
  });

  test("of paths within each other is refused before a file is written", async () => {
    await mkdir(join(world.data, "sub"));
    await world.backup(restic, { paths: [world.data, join(world.data, "sub")] });
    const outcome = await world.restore(restic, { rules: [{ paths: [world.data, join(world.data, "sub")] }] });
    expect(outcome.failure?.code).toBe("PATHS_OVERLAP");
  });

  test("onto a volume that is too small says so", async () => {
    execFileSync("dd", ["if=/dev/urandom", `of=${join(world.data, "big")}`, "bs=1M", "count=8"], { stdio: "ignore" });
    await world.backup(restic);
    const disk = join(world.dir, "disk");
    const unmount = mountSmallDisk(disk, 2);
    const outcome = await world.restore(restic, { targetFolder: disk });
    unmount();
    expect(outcome.failure?.code).toBe("VOLUME_FULL");
  });

  test("by a user who may not write there says so", async () => {
    chmodSync(world.dir, 0o755);
    execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
    const poor = await world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
    const closed = join(world.dir, "closed");
    await mkdir(closed);
    const outcome = await world.restore(poor, { targetFolder: closed });
    expect(outcome.failure?.code).toBe("PERMISSION_DENIED");
  });

  test("by a user who may not set owners brings the data, and says whose it was", async () => {
    execFileSync("chown", ["-R", "1234:1234", world.data]);
    await world.backup(restic);
    chmodSync(world.dir, 0o755);
    execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
    const poor = await world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
    const open = join(world.dir, "open");
    await mkdir(open);
    chmodSync(open, 0o777);
    const outcome = await world.restore(poor, { targetFolder: open, runsAs: 65_534 });
    expect(outcome.failure).toBeUndefined();
    expect(execFileSync("cat", [join(open, world.data, "file")], { encoding: "utf8" })).toBe("content");
    expect(outcome.warnings).toEqual([
      `user 65534 may not set owners: 2 files or folders belonged to others (${world.data} to 1234) and belong to it now`,
    ]);
    expect((await world.restore(restic, { targetFolder: join(world.dir, "as-root") })).warnings).toEqual([]);
  });
});

import { readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PathOutcome } from "../../agent/backup/outcome.ts";
import { removeLock } from "../../agent/locks/act.ts";
import { gatherLocks } from "../../agent/locks/gather.ts";
import { runAction } from "../../agent/maintain/actions.ts";
import type { ActionPorts } from "../../agent/maintain/ports.ts";
import type { Restic } from "../../agent/restic/client.ts";
import { ensureRepository } from "../../agent/restic/ensure-repository.ts";
import type { Backend } from "../../shared/api/backend.ts";
import { invokerTag } from "../../shared/snapshots/tags.ts";
import { describeTree } from "../support/files/tree.ts";
import { type BackendServer, startRestServer, startS3Server } from "../support/restic/backend-servers.ts";
import { leaveDeadLock } from "../support/restic/dead-lock.ts";
import { createResticWorld, ORIGIN, type ResticWorld } from "../support/restic/restic-world.ts";

interface Reached {
  readonly backend: Backend;
  readonly secret: Readonly<Record<string, string>>;
  readonly server: BackendServer | undefined;
}

async function reach(kind: string, world: ResticWorld): Promise<Reached> {
  if (kind === "REST") {
    const folder = join(world.dir, "rest");
    await mkdir(folder);
    const server = await startRestServer(folder, "user", "p@ss:word/1");
    return {
      backend: { rest: { url: `http://${server.host}:${server.port}/some/prefix/` } },
      secret: { REST_SERVER_USERNAME: "user", REST_SERVER_PASSWORD: "p@ss:word/1" },
      server,
    };
  }
  if (kind === "S3") {
    const server = await startS3Server(world.dir);
    return {
      backend: {
        s3: {
          endpoint: `https://${server.host}:${server.port}`,
          bucket: "bucket",
          prefix: "/a//b/",
          region: "us-east-1",
        },
      },
      secret: {
        AWS_ACCESS_KEY_ID: "S3RVER",
        AWS_SECRET_ACCESS_KEY: "S3RVER",
        CA_CERT_DATA: server.caPem ?? "",
      },
      server,
    };
  }
  return { backend: world.bareBackend, secret: {}, server: undefined };
}

function statsOf(outcome: PathOutcome | undefined) {
  if (outcome?.kind !== "saved") throw new Error(`not saved: ${outcome?.error.message}`);
  return outcome.snapshot;
}

describe.each(["local", "REST", "S3"])("a repository on a %s backend", (kind) => {
  const signal = new AbortController().signal;
  let world: ResticWorld;
  let reached: Reached;
  let restic: Restic;
  let actions: ActionPorts;

  beforeAll(async () => {
    world = await createResticWorld();
    reached = await reach(kind, world);
    restic = await world.open(reached.backend, reached.secret);
    const policy = { name: "last", keepLast: 1, prune: true };
    const scope = () => ({
      invokerTag: invokerTag(ORIGIN.invoker),
      sessionTag: undefined,
      untagged: [{ host: "host-0", path: world.data }],
    });
    actions = { restic, signal, policy, scope, readDataSubset: "1/2", withLock: (run) => run() };
    for (let index = 0; index < 20; index++) await writeFile(join(world.data, `f${index}`), `content ${index}`);
  });

  afterAll(async () => {
    await reached?.server?.stop();
    await world?.stop();
  });

  test("is made once, and found the second time", async () => {
    expect(await ensureRepository(restic, signal)).toBe(true);
    expect(await ensureRepository(restic, signal)).toBe(false);
  });

  test("takes a backup, then only what changed", async () => {
    const first = statsOf((await world.backup(restic))[0]);
    expect(first.fileStats).toEqual({ totalFiles: 20, newFiles: 20, modifiedFiles: 0, unmodifiedFiles: 0 });
    await writeFile(join(world.data, "f3"), "changed");
    const origin = { ...ORIGIN, session: { namespace: "demo", name: "nightly-2" } };
    const second = statsOf((await world.backup(restic, { origin }))[0]);
    expect(second.fileStats).toEqual({ totalFiles: 20, newFiles: 0, modifiedFiles: 1, unmodifiedFiles: 19 });
    expect(second.name).not.toBe(first.name);
    expect(first.totalSize).toMatch(/^\d+ B$/);
  });

  test("gives the data back", async () => {
    const before = await describeTree(world.data);
    rmSync(world.data, { recursive: true });
    await mkdir(world.data);
    const outcome = await world.restore(restic, { isVerified: true });
    expect(outcome).toMatchObject({ failure: undefined, restored: [{ files: 20 }] });
    expect(await describeTree(world.data)).toEqual(before);
  });

  test("forgets by the policy, prunes, is checked and measured", async () => {
    expect(await runAction("ApplyRetentionPolicy", actions)).toEqual({ kind: "done", facts: { kept: 1, removed: 1 } });
    expect(await runAction("VerifyRepositoryIntegrity", actions)).toMatchObject({ facts: { integrity: true } });
    expect(await runAction("VerifyRepositoryData", actions)).toMatchObject({ facts: { integrity: true } });
    const size = await runAction("SendRepositoryMetrics", actions);
    expect(size).toMatchObject({ kind: "done", facts: { snapshotCount: 1 } });
    expect(size.kind === "done" && (size.facts.totalSizeBytes ?? 0) > 100).toBe(true);
  });

  test("L58: one lock is removed by its id, and the one beside it stays", async () => {
    const dead = await leaveDeadLock(world, reached.backend, reached.secret);
    const other = await leaveDeadLock(world, reached.backend, reached.secret);
    expect((await gatherLocks(restic, signal)).map(({ id }) => id).sort()).toEqual([dead.id, other.id].sort());
    expect(await removeLock(restic.access, dead.id, new Date())).toBe(true);
    expect(await removeLock(restic.access, dead.id, new Date())).toBe(true);
    expect(await gatherLocks(restic, signal)).toEqual([other]);
    await removeLock(restic.access, other.id, new Date());
  });

  test("shows no secret in its arguments or errors", async () => {
    const wrong = await world.open(reached.backend, { ...reached.secret, RESTIC_PASSWORD: "not the password" });
    const failure = await ensureRepository(wrong, signal).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "REPOSITORY_WRONG_PASSWORD" });
    for (const secret of Object.values(reached.secret)) expect(String(failure)).not.toContain(secret);
    expect(readFileSync(join(world.data, "f3"), "utf8")).toBe("changed");
  });
});

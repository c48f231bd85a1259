/** What goes wrong around restic on one machine, made to happen, and what restic says then. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CallOptions, Restic } from "../../../agent/restic/client.ts";
import { ensureRepository } from "../../../agent/restic/ensure-repository.ts";
import type { ResticExit } from "../../../agent/restic/run.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { startRestServer, startS3Server } from "./backend-servers.ts";
import { takeLock } from "./dead-lock.ts";
import { mountSmallDisk, startSilentServer, unprivilegedRestic } from "./hostile.ts";
import type { Recording } from "./recording.ts";
import type { ResticWorld } from "./restic-world.ts";

export interface Situation {
  readonly name: string;
  readonly code: ErrorCode;
  /** Where restic 0.14 says something else. */
  readonly oldestCode?: ErrorCode;
  readonly command: Recording["command"];
  run(world: ResticWorld, hear: Hear): Promise<ResticExit>;
}

/** Options of a call of restic that is heard. */
export type Hear = (options?: CallOptions) => CallOptions;

const signal = new AbortController().signal;
const LOOK = ["cat", "config", "--no-lock"] as const;

function backup(restic: Restic, world: ResticWorld, options: CallOptions, args: readonly string[] = []) {
  return restic.backup({ path: world.data, host: "host-0", tags: [], exclude: [], args }, options);
}

function restore(restic: Restic, snapshotId: string, targetFolder: string, options: CallOptions, isVerified = false) {
  return restic.restore({ snapshotId, targetFolder, include: [], exclude: [], args: [], isVerified }, options);
}

/** A repository with one snapshot of one file. */
async function openSaved(world: ResticWorld): Promise<Restic> {
  const restic = await world.open();
  await ensureRepository(restic, signal);
  writeFileSync(join(world.data, "file"), "content");
  await backup(restic, world, {});
  return restic;
}

async function openPoor(world: ResticWorld): Promise<Restic> {
  chmodSync(world.dir, 0o755);
  execFileSync("chmod", ["-R", "a+rwX", world.repository, join(world.dir, "scratch")]);
  return world.open(undefined, {}, { STASH_RESTIC: unprivilegedRestic(world.dir) });
}

function damage(folder: string): void {
  for (const name of readdirSync(folder)) {
    chmodSync(join(folder, name), 0o600);
    writeFileSync(join(folder, name), "damaged", { flag: "r+" });
  }
}

function other(name: string, code: ErrorCode, run: Situation["run"]): Situation {
  return { name, code, command: "other", run };
}

const REPOSITORY: readonly Situation[] = [
  other("no repository in a folder", "REPOSITORY_NOT_FOUND", async (world, hear) => {
    const restic = await world.open();
    return restic.run(LOOK, hear());
  }),
  other("no repository in a REST server", "REPOSITORY_NOT_FOUND", async (world, hear) => {
    mkdirSync(join(world.dir, "rest"));
    const server = await startRestServer(join(world.dir, "rest"), "user", "password");
    const secret = { REST_SERVER_USERNAME: "user", REST_SERVER_PASSWORD: "password" };
    const restic = await world.open({ rest: { url: `http://127.0.0.1:${server.port}/x` } }, secret);
    return restic.run(LOOK, hear()).finally(() => server.stop());
  }),
  other("wrong password", "REPOSITORY_WRONG_PASSWORD", async (world, hear) => {
    await openSaved(world);
    return (await world.open(undefined, { RESTIC_PASSWORD: "another" })).run(LOOK, hear());
  }),
  other("locked by another restic", "REPOSITORY_LOCKED", async (world, hear) => {
    const restic = await openSaved(world);
    const { stop } = await takeLock(world, world.localBackend, {}, false);
    return restic.run(["prune"], hear()).finally(stop);
  }),
  other("damaged index", "REPOSITORY_DAMAGED", async (world, hear) => {
    await openSaved(world);
    damage(join(world.repository, "index"));
    rmSync(join(world.dir, "scratch", "restic-cache"), { recursive: true, force: true });
    return (await world.open()).run(["stats", "--mode", "raw-data"], hear());
  }),
  other("damaged snapshot", "REPOSITORY_DAMAGED", async (world, hear) => {
    await openSaved(world);
    damage(join(world.repository, "snapshots"));
    rmSync(join(world.dir, "scratch", "restic-cache"), { recursive: true, force: true });
    return (await world.open()).run(["check"], hear());
  }),
  other("empty configuration", "REPOSITORY_DAMAGED", async (world, hear) => {
    const restic = await openSaved(world);
    chmodSync(join(world.repository, "config"), 0o600);
    truncateSync(join(world.repository, "config"), 0);
    return restic.run(LOOK, hear());
  }),
  other("lost pack, found by a check", "REPOSITORY_DAMAGED", async (world, hear) => {
    const restic = await openSaved(world);
    execFileSync("find", [join(world.repository, "data"), "-type", "f", "-delete"]);
    return restic.run(["check"], hear());
  }),
  other("cut pack, found by a check of the data", "REPOSITORY_DAMAGED", async (world, hear) => {
    const restic = await openSaved(world);
    execFileSync("find", [join(world.repository, "data"), "-type", "f", "-exec", "truncate", "-s", "10", "{}", ";"]);
    return restic.run(["check", "--read-data"], hear());
  }),
  {
    ...other("lost pack, met by a restore", "REPOSITORY_DAMAGED", async (world, hear) => {
      const restic = await openSaved(world);
      execFileSync("find", [join(world.repository, "data"), "-type", "f", "-delete"]);
      rmSync(join(world.dir, "scratch", "restic-cache"), { recursive: true, force: true });
      return restore(restic, "latest", join(world.dir, "away"), hear());
    }),
    command: "restore",
  },
  other("no such snapshot", "SNAPSHOT_NOT_FOUND", async (world, hear) => {
    const restic = await openSaved(world);
    return restic.run(["ls", "0123abcd"], hear());
  }),
  {
    ...other("may not be written", "REPOSITORY_READ_ONLY", async (world, hear) => {
      await openSaved(world);
      const poor = await openPoor(world);
      execFileSync("chmod", ["-R", "a-w", world.repository]);
      return backup(poor, world, hear());
    }),
    command: "backup",
  },
  {
    ...other("full disk under the repository", "NO_SPACE", async (world, hear) => {
      const unmount = mountSmallDisk(join(world.dir, "disk"), 6);
      try {
        const restic = await world.open({ local: { mountPath: join(world.dir, "disk", "repository") } });
        await ensureRepository(restic, signal);
        execFileSync("dd", ["if=/dev/urandom", `of=${join(world.data, "big")}`, "bs=1M", "count=20"], {
          stdio: "ignore",
        });
        return await backup(restic, world, hear());
      } finally {
        unmount();
      }
    }),
    command: "backup",
  },
];

const CALLS: readonly Situation[] = [
  other("unknown flag", "RESTIC_FAILED", async (world, hear) => {
    const restic = await openSaved(world);
    return backup(restic, world, hear(), ["--no-such-flag"]);
  }),
  other("killed", "RESTIC_KILLED", async (world, hear) => {
    await openSaved(world);
    const path = join(world.dir, "dying-restic");
    writeFileSync(path, '#!/bin/sh\n( sleep 0.3; kill -9 $$ ) >/dev/null 2>&1 &\nexec restic "$@"\n', { mode: 0o755 });
    const { port, server } = await startSilentServer();
    const dying = await world.open({ rest: { url: `http://127.0.0.1:${port}/x` } }, {}, { STASH_RESTIC: path });
    return dying.run(LOOK, hear()).finally(() => server.close());
  }),
  other("without the memory that it asks for", "RESTIC_KILLED", async (world, hear) => {
    await openSaved(world);
    const path = join(world.dir, "poor-restic");
    writeFileSync(path, '#!/bin/sh\nulimit -v 200000\nexec restic "$@"\n', { mode: 0o755 });
    return (await world.open(undefined, {}, { STASH_RESTIC: path })).run(["check"], hear());
  }),
  other("store that never answers", "RESTIC_TIMEOUT", async (world, hear) => {
    const { port, server } = await startSilentServer();
    const silent = await world.open({ rest: { url: `http://127.0.0.1:${port}/x` } });
    return silent.run(LOOK, hear({ timeLimitMs: 2_000 })).finally(() => server.close());
  }),
  other("store that is not there", "BACKEND_UNREACHABLE", async (world, hear) => {
    const gone = await world.open({ rest: { url: "http://127.0.0.1:9/x" } });
    return gone.run(LOOK, hear());
  }),
  other("name that nobody knows", "BACKEND_UNREACHABLE", async (world, hear) => {
    const gone = await world.open({ rest: { url: "http://store.invalid:8000/x" } });
    return gone.run(LOOK, hear());
  }),
  other("refused by a REST server", "BACKEND_REFUSED", async (world, hear) => {
    mkdirSync(join(world.dir, "rest"));
    const server = await startRestServer(join(world.dir, "rest"), "user", "password");
    const restic = await world.open({ rest: { url: `http://127.0.0.1:${server.port}/x` } });
    return restic.run(LOOK, hear()).finally(() => server.stop());
  }),
  other("certificate of nobody", "BACKEND_CERTIFICATE", async (world, hear) => {
    const server = await startS3Server(world.dir);
    const keys = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };
    const backend = { s3: { endpoint: `https://127.0.0.1:${server.port}`, bucket: "bucket", region: "us-east-1" } };
    return (await world.open(backend, keys)).run(LOOK, hear()).finally(() => server.stop());
  }),
];

const DATA: readonly Situation[] = [
  {
    ...other("folder that may not be read", "FILES_UNREADABLE", async (world, hear) => {
      await openSaved(world);
      mkdirSync(join(world.data, "closed"), { mode: 0o700 });
      return backup(await openPoor(world), world, hear());
    }),
    command: "backup",
  },
  {
    ...other("files that may not be read", "FILES_UNREADABLE", async (world, hear) => {
      await openSaved(world);
      chmodSync(join(world.data, "file"), 0o000);
      return backup(await openPoor(world), world, hear());
    }),
    command: "backup",
  },
  {
    ...other("all is excluded", "NOTHING_SELECTED", async (world, hear) => {
      return backup(await openSaved(world), world, hear(), ["--exclude", "file"]);
    }),
    command: "backup",
  },
  {
    ...other("nothing changed, and none is wanted then", "NO_SNAPSHOT_REPORTED", async (world, hear) => {
      return backup(await openSaved(world), world, hear(), ["--skip-if-unchanged"]);
    }),
    command: "backup",
    oldestCode: "RESTIC_FAILED",
  },
  {
    ...other("dry run", "NO_SNAPSHOT_REPORTED", async (world, hear) => {
      return backup(await openSaved(world), world, hear(), ["--dry-run"]);
    }),
    command: "backup",
  },
  {
    ...other("volume that is too small", "VOLUME_FULL", async (world, hear) => {
      const restic = await openSaved(world);
      execFileSync("dd", ["if=/dev/urandom", `of=${join(world.data, "big")}`, "bs=1M", "count=8"], { stdio: "ignore" });
      await backup(restic, world, {});
      const unmount = mountSmallDisk(join(world.dir, "disk"), 2);
      return restore(restic, "latest", join(world.dir, "disk"), hear()).finally(unmount);
    }),
    command: "restore",
  },
  {
    ...other("folder that may not be written", "PERMISSION_DENIED", async (world, hear) => {
      await openSaved(world);
      mkdirSync(join(world.dir, "closed"));
      return restore(await openPoor(world), "latest", join(world.dir, "closed"), hear());
    }),
    command: "restore",
  },
  {
    ...other("file that changes before it is verified", "VERIFY_FAILED", async (world, hear) => {
      const restic = await openSaved(world);
      execFileSync("dd", ["if=/dev/urandom", `of=${join(world.data, "file")}`, "bs=1M", "count=64"], {
        stdio: "ignore",
      });
      await backup(restic, world, {});
      const file = join(world.dir, "away", world.data, "file");
      const loop =
        'while :; do [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -gt 60000000 ] && truncate -s 1000 "$1"; done';
      const writer = spawn("sh", ["-c", loop, "sh", file], { stdio: "ignore" });
      await sleep(100);
      return restore(restic, "latest", join(world.dir, "away"), hear(), true).finally(() => writer.kill("SIGKILL"));
    }),
    command: "restore",
  },
];

export const SITUATIONS: readonly Situation[] = [...REPOSITORY, ...CALLS, ...DATA];

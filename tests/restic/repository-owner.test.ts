/** Work on a repository in a folder by another user than its owner: whatever that one writes, the owner could not read. */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runAsked } from "../../agent/commands/restic.ts";
import { findOtherOwner } from "../../agent/maintain/other-owner.ts";
import { runActions } from "../../agent/work/run-actions.ts";
import { createStopper } from "../../agent/work/stop.ts";
import type { WorkPorts } from "../../agent/work/turn-ports.ts";
import { type HostRun, parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { createResticWorld, PASSWORD, type ResticWorld } from "../support/restic/restic-world.ts";

const OWNER = { user: 1234, group: 4321 };
const ACTIONS = ["VerifyRepositoryIntegrity", "PruneRepository"] as const;

let world: ResticWorld;
let secretsRoot: string;

beforeAll(async () => {
  world = await createResticWorld();
  secretsRoot = join(world.dir, "mounted");
  await mkdir(join(secretsRoot, "backend"), { recursive: true });
  await writeFile(join(secretsRoot, "backend", "RESTIC_PASSWORD"), PASSWORD);
  await writeFile(join(world.data, "file"), "content");
  await world.backup(await world.open());
});

afterAll(() => world.stop());

function aRun(work: "Backup" | "Maintain"): HostRun {
  return parseHostRun({
    apiVersion: KINDS.HostRun.apiVersion,
    kind: KINDS.HostRun.kind,
    metadata: { name: "run", namespace: "demo", uid: "uid" },
    spec: {
      work,
      run: { kind: "Repository", name: "store" },
      host: "pod",
      pod: { name: "pod", uid: "uid-pod" },
      repository: { name: "store", namespace: "demo", backend: world.localBackend },
      actions: ACTIONS,
    },
  });
}

/** What the agent reports of the actions. */
async function reportOf(run: HostRun): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  const identity = { host: "127.0.0.1", port: 1, namespace: "demo", ca: () => "", token: () => "" };
  const ports = {
    settings: {
      flags: new Map(),
      env: { PATH: process.env["PATH"] },
      pod: { name: "pod", uid: "uid-pod", namespace: "demo", nodeName: undefined, ip: undefined, ordinal: undefined },
      target: { kind: "", namespace: "demo", name: "" },
      targetKey: "",
      scratch: join(world.dir, "scratch"),
      secretsRoot,
      isCacheEnabled: false,
      memoryLimitBytes: undefined,
      identity,
      log: world.log,
    },
    api: {
      identity,
      get: async () => ({ kind: "gone", message: "" }),
      create: async () => ({ kind: "gone", message: "" }),
      patchStatus: async (_object, patch) => {
        Object.assign(told, "status" in patch ? patch.status : {});
        return { kind: "ok", object: {} };
      },
    },
    runs: {
      list: () => [run],
      get: () => run,
      changed: async () => undefined,
      onChange: () => () => undefined,
      ended: Promise.resolve(),
    },
    stopper: createStopper(),
    log: world.log,
    dead: () => [],
    now: () => new Date(),
  } satisfies WorkPorts;
  await runActions(run, ACTIONS, ports);
  return told;
}

const ofOthers = () =>
  execFileSync("find", [world.repository, "!", "-user", String(OWNER.user)], { encoding: "utf8" }).trim();

test("is done where the repository is its own", async () => {
  const told = await reportOf(aRun("Maintain"));
  expect(told["results"]).toMatchObject(ACTIONS.map((action) => ({ action, phase: "Succeeded" })));
  expect(told["owner"]).toBeUndefined();
});

test("is left alone, and whose it is is told", async () => {
  execFileSync("chown", ["-R", `${OWNER.user}:${OWNER.group}`, world.repository]);
  const told = await reportOf(aRun("Maintain"));
  expect(told["owner"]).toEqual(OWNER);
  expect(told["results"]).toMatchObject(
    ACTIONS.map((action) => ({ action, phase: "Failed", reason: "REPOSITORY_OWNER" })),
  );
  expect(ofOthers()).toBe("");
  expect((await readdir(world.repository)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("by hand is refused with the user to run it as, and reading is not", async () => {
  const restic = await world.open();
  const { signal } = new AbortController();
  for (const command of [["prune"], ["check"], ["key", "add"], ["repair", "index"]]) {
    await expect(runAsked(restic, command, signal)).rejects.toMatchObject({
      code: "REPOSITORY_OWNER",
      next: "run it with --run-as=1234:4321",
    });
  }
  expect(await runAsked(restic, ["snapshots", "--quiet", "--no-lock"], signal)).toBe(0);
  expect(ofOthers()).toBe("");
});

test("is a matter of nobody where there is no repository: restic says so", async () => {
  expect(await findOtherOwner(join(world.dir, "nowhere"))).toBeUndefined();
  expect(await findOtherOwner(join(world.dir, "scratch"))).toBeUndefined();
});

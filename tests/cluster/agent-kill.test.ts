import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import {
  createConfiguration,
  createRestore,
  createSession,
  isEnded,
  readRestoreEntry,
  targetFlags,
  waitForEntry,
} from "../support/agent/agent-objects.ts";
import { type AgentProcess, killContainer, startAgent, waitForExit } from "../support/agent/agent-process.ts";
import { type AgentWorld, createAgentWorld, PASSWORD } from "../support/agent/agent-world.ts";
import { describeTree } from "../support/files/tree.ts";
import { bareRestic } from "../support/restic/bare-restic.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const MOMENTS = 20;
/** Runs at once, on a machine of two cores. */
const AT_ONCE = 5;

let client: KubeClient;
let world: AgentWorld;

const restic = (...args: readonly string[]) => bareRestic(world.repository, PASSWORD).run(...args);

interface ListedSnapshot {
  readonly hostname: string;
  readonly paths: readonly string[];
  readonly tags: readonly string[];
}

function isSnapshotList(value: unknown): value is readonly ListedSnapshot[] {
  return Array.isArray(value);
}

function snapshots(): readonly ListedSnapshot[] {
  const list: unknown = JSON.parse(restic("snapshots", "--json", "--no-lock"));
  return isSnapshotList(list) ? list : [];
}

beforeAll(async () => {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  client = createKubeClient({ connection, program: "tests" });
  world = await createAgentWorld(client, sharedPlane());
  writeEmptyRepository(world.repository, PASSWORD);
});

afterAll(async () => {
  await world?.stop();
  client?.close();
});

/** Folders and objects of one run: a target of its own with two paths. */
async function prepare(index: number) {
  const name = `web-${index}`;
  const paths = [join(world.data, name, "a"), join(world.data, name, "b")];
  for (const path of paths) {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, "big"), randomBytes(2_000_000));
    for (let file = 0; file < 10; file++) await writeFile(join(path, `f${file}`), `${index} ${file}`);
  }
  const ref = { apiVersion: "apps/v1", kind: "Deployment", name };
  await createConfiguration(world, { name, paths, target: { ref, alias: name } });
  return { name, paths, scratch: join(world.dir, `scratch-${name}`) };
}

function start(args: readonly string[], name: string, scratch: string): AgentProcess {
  const flags = [...args, ...targetFlags(world, "Deployment", name)];
  return startAgent(world, { args: flags, podUid: `uid-${name}`, podName: name, scratch });
}

/** Ends the agent in one of the ways in which it may end without a word. */
async function kill(agent: AgentProcess, index: number): Promise<void> {
  // Mostly as a container ends; now and then its main process alone, which in a container can't happen to the others.
  if (index % 4 === 3) await agent.end("SIGKILL");
  else await killContainer(agent);
}

async function inGroups(count: number, run: (index: number) => Promise<void>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => run(from + at));
    await Promise.all(group);
  }
}

describe("an agent that is killed", () => {
  /** @returns milliseconds from the session's creation to the end of the host */
  async function backUp(index: number, killAfterMs: number | undefined): Promise<number> {
    const { name, scratch } = await prepare(index);
    let agent = start(["run-backup"], name, scratch);
    const startedAtMs = performance.now();
    await createSession(world, {
      name,
      invoker: name,
      target: { kind: "Deployment", name },
      alias: name,
      entry: { hostname: name, pod: name, podUID: `uid-${name}`, attempt: 1, phase: "Pending" },
    });
    if (killAfterMs !== undefined) {
      await sleep(killAfterMs);
      await kill(agent, index);
      agent = start(["run-backup"], name, scratch);
    }
    const entry = await waitForEntry(world, name, isEnded, 60_000);
    expect(entry, agent.output()).toMatchObject({ phase: "Succeeded" });
    expect(entry.snapshots).toHaveLength(2);
    const tookMs = performance.now() - startedAtMs;
    await killContainer(agent);
    return tookMs;
  }

  test("at any of 20 moments of a backup goes on after its restart, and doubles nothing", async () => {
    const wholeMs = await backUp(MOMENTS, undefined);
    await inGroups(MOMENTS, async (index) => {
      await backUp(index, ((index + 1) / MOMENTS) * wholeMs);
    });
    const made = snapshots().map(({ hostname, paths, tags }) => `${hostname} ${paths.join()} ${tags[0]}`);
    expect(made).toHaveLength((MOMENTS + 1) * 2);
    expect(new Set(made).size).toBe(made.length);
    expect(restic("check", "--no-lock")).toContain("no errors were found");
  });

  test("at any of 20 moments of a restore restores again after its restart", async () => {
    async function restore(index: number, killAfterMs: number | undefined): Promise<number> {
      const name = `web-${index}`;
      const folder = join(world.data, name);
      const before = await describeTree(folder);
      await rm(join(folder, "a"), { recursive: true });
      await mkdir(join(folder, "a"));
      await createRestore(world, {
        name,
        entry: { hostname: name, pod: name, podUID: `uid-${name}`, attempt: 1, phase: "Pending" },
        rules: [{ paths: [join(folder, "a")] }],
        alias: name,
        target: { kind: "Deployment", name },
      });
      const args = ["restore", "--invoker-kind=RestoreSession", `--invoker-name=${name}`];
      const scratch = join(world.dir, `scratch-${name}`);
      const startedAtMs = performance.now();
      let agent = start(args, name, scratch);
      if (killAfterMs !== undefined) {
        await sleep(killAfterMs);
        await kill(agent, index);
        agent = start(args, name, scratch);
      }
      expect(await waitForExit(agent), agent.output()).toBe(0);
      const tookMs = performance.now() - startedAtMs;
      expect(await describeTree(folder)).toEqual(before);
      expect(await readRestoreEntry(world, name)).toMatchObject({ phase: "Succeeded" });
      return tookMs;
    }
    const wholeMs = await restore(MOMENTS, undefined);
    await inGroups(MOMENTS, async (index) => {
      await restore(index, ((index + 1) / MOMENTS) * wholeMs);
    });
    expect(restic("check", "--no-lock")).toContain("no errors were found");
  });
});

describe("an agent whose restic", () => {
  /** A restic that does what the script says when it is asked for the command, and is the real one else. */
  async function playRestic(name: string, command: string, script: string): Promise<Readonly<Record<string, string>>> {
    const file = join(world.dir, `restic-${name}`);
    const body = `#!/bin/sh\ncase " $* " in *" ${command} "*) ${script};; esac\nexec restic "$@"\n`;
    await writeFile(file, body, { mode: 0o755 });
    return { STASH_RESTIC: file };
  }

  test("D5: takes the whole container with it each time is started three times, then the host fails", async () => {
    const { name, scratch } = await prepare(900);
    // As the kernel does since cgroups of version 2: the group ends as a whole.
    const env = await playRestic(name, "backup", "kill -9 0");
    await createSession(world, {
      name,
      invoker: name,
      target: { kind: "Deployment", name },
      alias: name,
      entry: { hostname: name, pod: name, podUID: `uid-${name}`, attempt: 1, phase: "Pending" },
    });
    const flags = ["run-backup", ...targetFlags(world, "Deployment", name)];
    const options = { args: flags, podUid: `uid-${name}`, podName: name, scratch, env };
    for (let start = 1; start <= 3; start += 1) await startAgent(world, options).exited;
    const idle = startAgent(world, options);
    const entry = await waitForEntry(world, name, isEnded, 60_000);
    expect(entry).toMatchObject({ phase: "Failed", reason: "AGENT_RESTARTED", starts: 4 });
    expect(entry.error).toMatch(/ended 3 times/);
    await killContainer(idle);
  });

  test("D8: stands still is ended with a code of its own, and the agent takes the next work", async () => {
    const { name, scratch } = await prepare(901);
    const env = { ...(await playRestic(name, "backup", "exec sleep 600")), STASH_STALL_LIMIT: "2s" };
    await createSession(world, {
      name,
      invoker: name,
      target: { kind: "Deployment", name },
      alias: name,
      entry: { hostname: name, pod: name, podUID: `uid-${name}`, attempt: 1, phase: "Pending" },
    });
    const flags = ["run-backup", ...targetFlags(world, "Deployment", name)];
    const agent = startAgent(world, { args: flags, podUid: `uid-${name}`, podName: name, scratch, env });
    const entry = await waitForEntry(world, name, isEnded, 60_000);
    expect(entry, agent.output()).toMatchObject({ phase: "Failed", reason: "RESTIC_STALLED" });
    await killContainer(agent);
  });
});

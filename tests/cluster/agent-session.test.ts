import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { HostStats } from "../../shared/api/host-stats.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import {
  changeOrder,
  createConfiguration,
  createSession,
  isEnded,
  readEntry,
  targetFlags,
  waitForEntry,
} from "../support/agent/agent-objects.ts";
import { type AgentProcess, killContainer, startAgent } from "../support/agent/agent-process.ts";
import { type AgentWorld, createAgentWorld, PASSWORD } from "../support/agent/agent-world.ts";
import { type HookServer, startHookServer } from "../support/agent/hook-server.ts";
import { eventually, stays } from "../support/eventually.ts";
import { startTcpProxy } from "../support/kube/tcp-proxy.ts";
import { bareRestic } from "../support/restic/bare-restic.ts";
import { writeEmptyRepository } from "../support/restic/empty-repository.ts";
import { sharedPlane } from "../support/shared-plane.ts";

/** Makes restic take several seconds for the data below. */
const SLOW = ["--limit-upload=300"];
const BIG_BYTES = 1_800_000;

let client: KubeClient;
let world: AgentWorld;
let hooks: HookServer;
let agents: AgentProcess[] = [];
let serial = 0;

beforeAll(async () => {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  client = createKubeClient({ connection, program: "tests" });
  world = await createAgentWorld(client, sharedPlane());
  hooks = await startHookServer();
  await writeFile(join(world.data, "file"), "content");
  writeEmptyRepository(world.repository, PASSWORD);
});

afterEach(async () => {
  await Promise.all(agents.map(killContainer));
  agents = [];
  hooks.received.length = 0;
  hooks.answers.clear();
});

afterAll(async () => {
  await hooks?.stop();
  await world?.stop();
  client?.close();
});

const restic = (...args: readonly string[]) => bareRestic(world.repository, PASSWORD).run(...args);

const locks = () => readdir(join(world.repository, "locks"));

function start(over: Partial<AgentWorld> = {}, env: Readonly<Record<string, string>> = {}): AgentProcess {
  const agent = startAgent(
    { ...world, ...over },
    { args: ["run-backup", ...targetFlags(world)], podUid: "uid-1", env },
  );
  agents.push(agent);
  return agent;
}

interface Given {
  readonly target?: { readonly args?: readonly string[] };
  readonly spec?: Parameters<typeof createConfiguration>[1]["spec"];
  readonly entry?: HostStats;
  readonly deadline?: string;
  readonly paths?: readonly string[];
}

/** As given(), with new data that takes several seconds to save. */
async function givenSlow(more: Given = {}): Promise<string> {
  await writeFile(join(world.data, "big"), randomBytes(BIG_BYTES));
  return given({ ...more, target: { args: SLOW } });
}

/** A session of a configuration of its own. @returns its name */
async function given({ target = {}, spec, entry = {}, deadline, paths = [world.data] }: Given = {}): Promise<string> {
  const name = `run-${++serial}`;
  await createConfiguration(world, { name, paths, target, ...(spec !== undefined && { spec }) });
  await createSession(world, {
    name,
    invoker: name,
    entry: { hostname: "host-0", pod: "web-1", podUID: "uid-1", attempt: 1, phase: "Pending", ...entry },
    ...(deadline !== undefined && { deadline }),
  });
  return name;
}

const ended = (name: string) => waitForEntry(world, name, isEnded);
const isUploading = (entry: HostStats) => entry.phase === "Running";

async function untilRestic(name: string): Promise<void> {
  await waitForEntry(world, name, isUploading);
  await eventually(locks, (all) => all.length > 0);
  // In its first moments restic would leave its lock behind.
  await sleep(800);
}

async function untilUnlocked(): Promise<void> {
  await eventually(locks, []);
}

describe("hooks in the pod", () => {
  const hook = (path: string, more: object = {}) => ({ httpPost: { port: hooks.port, scheme: "HTTP", path, ...more } });

  test("L70: run for each host around its backup, rendered over the session, and leave their record", async () => {
    start();
    const name = await given({
      spec: {
        hooks: {
          preBackup: hook("/freeze", { body: '{"for": "{{ .Target.Name }} of {{ .Namespace }}"}' }),
          postBackup: hook("/thaw", { body: "{{ .Status.Phase }} {{ .Target.ApiVersion }}" }),
        },
      },
    });
    const entry = await ended(name);
    expect(entry).toMatchObject({
      phase: "Succeeded",
      hooks: [
        { type: "preBackup", phase: "Succeeded", hostname: "host-0", podUID: "uid-1", output: "status 200, 17 bytes" },
        { type: "postBackup", phase: "Succeeded" },
      ],
    });
    expect(hooks.received).toEqual([
      {
        method: "POST",
        path: "/freeze",
        contentType: "application/json",
        body: `{"for": "web of ${world.namespace}"}`,
      },
      { method: "POST", path: "/thaw", contentType: "text/plain; charset=utf-8", body: "Succeeded apps/v1" },
    ]);
  });

  test("L74: the after-hook runs although the before-hook failed, and no data is touched", async () => {
    start();
    hooks.answers.set("/freeze", 500);
    const name = await given({ spec: { hooks: { preBackup: hook("/freeze"), postBackup: hook("/thaw") } } });
    const entry = await ended(name);
    expect(entry).toMatchObject({ phase: "Failed", reason: "HOOK_FAILED" });
    expect(entry.snapshots ?? []).toEqual([]);
    expect(hooks.received.map(({ path }) => path)).toEqual(["/freeze", "/thaw"]);
  });

  test("L74: the after-hook runs although the backup failed, by its policy", async () => {
    start();
    const onFailure = { ...hook("/alarm", { body: "{{ .Status.Error }}" }), executionPolicy: "OnFailure" };
    const name = await given({ paths: ["/not/there"], spec: { hooks: { postBackup: onFailure } } });
    expect(await ended(name)).toMatchObject({ phase: "Failed", reason: "PATH_NOT_FOUND" });
    expect(hooks.received[0]?.body).toContain("/not/there does not exist");
    const onSuccess = { ...hook("/praise"), executionPolicy: "OnSuccess" };
    const other = await given({ paths: ["/not/there"], spec: { hooks: { postBackup: onSuccess } } });
    expect((await ended(other)).hooks).toMatchObject([{ type: "postBackup", phase: "Skipped" }]);
  });

  test("a command runs in our own container, a port that nobody has is told, and time has a limit", async () => {
    start();
    const command = ["sh", "-c", 'echo "$1"', "sh", "{{ .Invoker.Kind }}"];
    const exec = await given({ spec: { hooks: { preBackup: { containerName: "stash", exec: { command } } } } });
    expect((await ended(exec)).hooks).toMatchObject([{ phase: "Succeeded", output: "BackupConfiguration\n" }]);
    const tcp = { containerName: "app", tcpSocket: { port: hooks.port } };
    const numbered = await given({ spec: { hooks: { preBackup: tcp } } });
    expect((await ended(numbered)).hooks).toMatchObject([{ phase: "Succeeded" }]);
    const unknown = { containerName: "app", tcpSocket: { port: "admin" } };
    const named = await given({ spec: { hooks: { preBackup: unknown } } });
    expect((await ended(named)).hooks).toMatchObject([
      { message: expect.stringContaining('port "admin" is no number') },
    ]);
    const slow = { containerName: "stash", exec: { command: ["sleep", "60"] }, timeout: "1s" };
    const late = await given({ spec: { hooks: { preBackup: slow } } });
    expect(await ended(late)).toMatchObject({
      phase: "Failed",
      hooks: [{ message: "the hook did not end within 1 s" }],
    });
  });
});

describe("what comes in between", () => {
  test("a stop of the container ends restic cleanly, is told, and the next start goes on", async () => {
    const first = start();
    const name = await givenSlow();
    await untilRestic(name);
    expect(await first.end("SIGTERM")).toBe(0);
    expect(await locks()).toEqual([]);
    expect(await readEntry(world, name)).toMatchObject({ phase: "Running", reason: "RESTIC_KILLED" });
    start();
    const entry = await ended(name);
    expect(entry).toMatchObject({ phase: "Succeeded", snapshots: [{ path: world.data }] });
    expect(entry.reason).toBeUndefined();
  });

  test("an outage of the API server loses no result", async () => {
    const proxy = await startTcpProxy(world.serverUrl);
    start({ serverUrl: `https://127.0.0.1:${proxy.port}` });
    const name = await givenSlow();
    await untilRestic(name);
    proxy.refuse();
    await untilUnlocked();
    await stays(async () => (await readEntry(world, name)).phase, "Running", 1_000);
    proxy.restore();
    expect(await ended(name)).toMatchObject({ phase: "Succeeded", snapshots: [{ path: world.data }] });
    await proxy.stop();
  });

  test("L11: the deadline ends restic, and its reason is the deadline", async () => {
    start();
    const deadline = new Date(Date.now() + 4_000).toISOString();
    const name = await givenSlow({ deadline });
    expect(await ended(name)).toMatchObject({ phase: "Failed", reason: "DEADLINE_EXCEEDED" });
    expect(await locks()).toEqual([]);
  });

  test("a host run that is deleted ends its work without a word", async () => {
    const agent = start();
    const name = await givenSlow();
    await untilRestic(name);
    await client.delete(KINDS.HostRun, world.namespace, name);
    await untilUnlocked();
    await eventually(agent.output, (text) => text.includes("worker ended"));
    expect(restic("snapshots", "--json", "--no-lock", "--tag", `session=${world.namespace}/${name}`).trim()).toBe("[]");
  });

  test("a host that is given to another pod is left to it", async () => {
    const agent = start();
    const name = await givenSlow();
    await untilRestic(name);
    await changeOrder(world, name, { cancel: { reason: "EXECUTOR_LOST", message: "another pod has it" } });
    await untilUnlocked();
    expect(await readEntry(world, name)).toMatchObject({ phase: "Running" });
    expect(agent.output()).not.toContain('"phase":"Succeeded"');
  });

  test("a host whose turn is taken back ends restic, and tells the reason that it was given", async () => {
    start();
    const name = await givenSlow();
    await untilRestic(name);
    await changeOrder(world, name, { cancel: { reason: "DEADLINE_EXCEEDED", message: "the session is late" } });
    expect(await ended(name)).toMatchObject({ phase: "Failed", reason: "DEADLINE_EXCEEDED" });
    expect(await locks()).toEqual([]);
  });

  test("an order that only a label makes this pod's is none", async () => {
    const agent = start();
    const name = await given({ entry: { podUID: "uid-other" } });
    const labels = { "stash.appscode.com/pod-uid": "uid-1" };
    const patch = { kind: "merge", body: { metadata: { labels } } } as const;
    await client.patch(KINDS.HostRun, world.namespace, name, patch, asIs);
    const own = await given();
    expect(await ended(own)).toMatchObject({ phase: "Succeeded" });
    expect((await readEntry(world, name)).phase).toBeUndefined();
    expect(agent.output()).not.toContain(`"session":"${name}"`);
  });

  test("a Secret that comes late is waited for", async () => {
    const secret = join(world.secrets, "backend");
    await rename(secret, `${secret}-away`);
    await mkdir(secret);
    start();
    const name = await given();
    await waitForEntry(world, name, isUploading);
    await sleep(300);
    await rename(`${secret}-away`, secret);
    expect(await ended(name)).toMatchObject({ phase: "Succeeded" });
  });
});

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
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
import { startAgent } from "../support/agent/agent-process.ts";
import { type AgentWorld, createAgentWorld } from "../support/agent/agent-world.ts";
import { sharedPlane } from "../support/shared-plane.ts";

let client: KubeClient;
let world: AgentWorld;

beforeAll(async () => {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  client = createKubeClient({ connection, program: "tests" });
  world = await createAgentWorld(client, sharedPlane());
  await mkdir(join(world.data, "sub"));
  await writeFile(join(world.data, "sub", "file"), "before");
  await createConfiguration(world, { paths: [world.data] });
  const agent = startAgent(world, { args: ["run-backup", ...targetFlags(world)], podUid: "uid-1" });
  const actions = ["InitializeBackendRepository"] as const;
  await createSession(world, {
    name: "nightly-1",
    entry: { hostname: "host-0", pod: "web-1", podUID: "uid-1", phase: "Pending", actions },
  });
  expect(await waitForEntry(world, "nightly-1", isEnded)).toMatchObject({ phase: "Succeeded" });
  await agent.end();
});

afterAll(async () => {
  await world?.stop();
  client?.close();
});

function restoreFlags(name: string): readonly string[] {
  return ["restore", "--invoker-kind=RestoreSession", `--invoker-name=${name}`, ...targetFlags(world)];
}

test("an init-container restores at its turn and then lets the application start", async () => {
  await rm(join(world.data, "sub"), { recursive: true });
  await createRestore(world, {
    name: "back",
    entry: { hostname: "host-0", pod: "web-2", podUID: "uid-2", phase: "Pending" },
  });
  const agent = startAgent(world, { args: restoreFlags("back"), podUid: "uid-2", podName: "web-2" });
  expect(await agent.exited, agent.output()).toBe(0);
  expect(await readFile(join(world.data, "sub", "file"), "utf8")).toBe("before");
  expect(await readRestoreEntry(world, "back")).toMatchObject({
    phase: "Succeeded",
    snapshots: [{ path: world.data, files: 1 }],
  });
});

test("a second start finds the host restored and needs neither repository nor secret", async () => {
  await writeFile(join(world.data, "sub", "file"), "after");
  const agent = startAgent(
    { ...world, secrets: join(world.dir, "nowhere") },
    { args: restoreFlags("back"), podUid: "uid-2", podName: "web-2" },
  );
  expect(await agent.exited, agent.output()).toBe(0);
  expect(await readFile(join(world.data, "sub", "file"), "utf8")).toBe("after");
});

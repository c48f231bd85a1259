import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import {
  CLUSTER_ID,
  createConfiguration,
  createSession,
  isEnded,
  targetFlags,
  waitForEntry,
} from "../support/agent/agent-objects.ts";
import { type AgentProcess, startAgent } from "../support/agent/agent-process.ts";
import { type AgentWorld, createAgentWorld, PASSWORD } from "../support/agent/agent-world.ts";
import { bareRestic } from "../support/restic/bare-restic.ts";
import { sharedPlane } from "../support/shared-plane.ts";

let client: KubeClient;
let world: AgentWorld;
let agent: AgentProcess;

beforeAll(async () => {
  const connection = await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath });
  client = createKubeClient({ connection, program: "tests" });
  world = await createAgentWorld(client, sharedPlane());
  await mkdir(join(world.data, "sub"));
  await writeFile(join(world.data, "file"), "one");
  await writeFile(join(world.data, "sub", "other"), "two");
  await createConfiguration(world, { paths: [world.data] });
  agent = startAgent(world, { args: ["run-backup", ...targetFlags(world)], podUid: "uid-1" });
});

afterAll(async () => {
  await agent?.end();
  await world?.stop();
  client?.close();
});

function snapshotsOf(repository: string): unknown {
  return JSON.parse(bareRestic(repository, PASSWORD).run("snapshots", "--json"));
}

test("a host whose turn has come is backed up into a repository that is made first", async () => {
  await createSession(world, {
    name: "nightly-1",
    entry: {
      hostname: "host-0",
      pod: "web-1",
      podUID: "uid-1",
      attempt: 1,
      phase: "Pending",
      actions: ["InitializeBackendRepository"],
    },
  });
  const entry = await waitForEntry(world, "nightly-1", isEnded);
  expect(entry).toMatchObject({
    phase: "Succeeded",
    snapshots: [{ path: world.data, fileStats: { totalFiles: 2, newFiles: 2 } }],
    results: [{ action: "InitializeBackendRepository", phase: "Succeeded" }],
  });
  expect(snapshotsOf(world.repository)).toMatchObject([
    {
      hostname: "host-0",
      paths: [world.data],
      tags: [
        `session=${world.namespace}/nightly-1`,
        `invoker=BackupConfiguration/${world.namespace}/nightly/${CLUSTER_ID}`,
        `target=Deployment/${world.namespace}/web`,
        expect.stringMatching(/^time=\d{4}-/),
        "paths=1",
        "hosts=1",
        "member=1/1",
      ],
    },
  ]);
});

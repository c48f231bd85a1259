/** What is left when a process node stops, crashes or is killed; and what a new one of its name does with its pods. */
import { spawn } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startProcessNode } from "../support/node/process-node.ts";
import { containerOf, findContainer, isReady, TestCluster, until } from "../support/node/test-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "process-node-end";
const MAIN = join(import.meta.dirname, "..", "support", "node", "main.ts");
let cluster: TestCluster;
beforeAll(async () => {
  cluster = new TestCluster(sharedPlane().kubeconfigPath, NAMESPACE);
  await cluster.core.createNamespace({ body: { metadata: { name: NAMESPACE } } });
});
afterAll(() => cluster.core.deleteNamespace({ name: NAMESPACE, gracePeriodSeconds: 0 }));

/** Each pod sleeps for a number of seconds of its own, by which its process is found. */
function sleeper(name: string, seconds: number, restartPolicy = "Always"): string {
  const main = {
    name: "main",
    image: "tools",
    command: ["sh", "-c", `setsid sleep ${seconds} & exec sleep ${seconds}`],
  };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { automountServiceAccountToken: false, restartPolicy, containers: [main] },
  });
}

async function processesOf(seconds: number): Promise<readonly string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return lines.filter((line) => line === `sleep\0${seconds}\0`);
}

test("stop ends every process, and takes mounts, network, folder and Node away", async () => {
  const node = await startProcessNode({
    kubeconfigPath: sharedPlane().kubeconfigPath,
    name: "pn-stops",
    images: { tools: {} },
  });
  await cluster.apply(sleeper("stopped", 50_001));
  await cluster.untilPod("stopped", isReady);
  const dir = node.podDir(NAMESPACE, "stopped");
  expect(await processesOf(50_001)).toHaveLength(2);
  expect(hasAddress(node.address)).toBe(true);
  await node.stop();
  expect(await processesOf(50_001)).toEqual([]);
  expect(await readFile("/proc/self/mounts", "utf8")).not.toContain(dir);
  expect(await stat(dir).catch(() => undefined)).toBeUndefined();
  expect(await until(() => !hasAddress(node.address), 5_000)).toBe(true);
  await expect(cluster.core.readNode({ name: "pn-stops" })).rejects.toThrow();
  await cluster.core.deleteNamespacedPod({ namespace: NAMESPACE, name: "stopped", gracePeriodSeconds: 0 });
});

test("a node that is started again after a crash runs its pods again, but for those that must not be", async () => {
  const options = { kubeconfigPath: sharedPlane().kubeconfigPath, name: "pn-crashes", images: { tools: {} } };
  const first = await startProcessNode(options);
  await cluster.apply(sleeper("survivor", 50_002));
  await cluster.apply(sleeper("once", 50_004, "Never"));
  await cluster.untilPod("survivor", isReady);
  await cluster.untilPod("once", isReady);
  await first.crash();
  expect(await processesOf(50_002)).toEqual([]);
  expect(isReady(await cluster.untilPod("survivor", () => true))).toBe(true);
  const second = await startProcessNode(options);
  try {
    const pod = await cluster.untilPod(
      "survivor",
      (seen) => findContainer(seen, "main")?.restartCount === 1 && isReady(seen),
    );
    expect(containerOf(pod, "main").lastState?.terminated?.exitCode).toBe(137);
    // What must not run twice does not.
    const once = await cluster.untilPod("once", ({ status }) => status?.phase === "Failed");
    expect(containerOf(once, "main")).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 137 } } });
    expect(await processesOf(50_004)).toEqual([]);
  } finally {
    for (const name of ["survivor", "once"]) {
      await cluster.core.deleteNamespacedPod({ namespace: NAMESPACE, name, gracePeriodSeconds: 0 });
    }
    await second.stop();
  }
});

test("a SIGKILLed node program leaves no process, no mount, no interface and no folder", async () => {
  const images = join(tmpdir(), `process-node-images-${process.pid}.json`);
  await writeFile(images, JSON.stringify({ tools: {} }));
  onTestFinished(() => rm(images));
  const before = await nodeFolders();
  const flags = ["--kubeconfig", sharedPlane().kubeconfigPath, "--images", images, "--name", "pn-killed"];
  const program = spawn(process.execPath, [MAIN, ...flags], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await firstLine(program.stdout);
  const [{ address }] = JSON.parse(line).nodes;
  await cluster.apply(sleeper("orphan", 50_003));
  await cluster.untilPod("orphan", isReady);
  expect(await processesOf(50_003)).toHaveLength(2);
  const made = (await nodeFolders()).filter((name) => !before.includes(name));
  expect(made).toHaveLength(1);
  program.kill("SIGKILL");
  expect(await until(async () => (await processesOf(50_003)).length === 0, 5_000)).toBe(true);
  expect(await until(() => !hasAddress(address), 5_000)).toBe(true);
  expect(await until(async () => (await nodeFolders()).every((name) => !made.includes(name)), 5_000)).toBe(true);
  expect(await readFile("/proc/self/mounts", "utf8")).not.toContain("stash-batch-node-");
  await cluster.core.deleteNode({ name: "pn-killed" });
  await cluster.core.deleteNamespacedPod({ namespace: NAMESPACE, name: "orphan", gracePeriodSeconds: 0 });
});

test("without network namespaces pods have addresses of their own and know their Services by them", async () => {
  const node = await startProcessNode({
    kubeconfigPath: sharedPlane().kubeconfigPath,
    name: "pn-shared",
    images: { tools: {} },
    network: "shared",
  });
  try {
    const server = `require("node:http").createServer((_, a) => a.end("served")).listen(18431, process.env.IP)`;
    const main = {
      name: "main",
      image: "tools",
      command: [process.execPath, "-e", server],
      env: [{ name: "IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } }],
    };
    await cluster.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "server", labels: { app: "server" } },
        spec: {
          terminationGracePeriodSeconds: 0,
          automountServiceAccountToken: false,
          containers: [{ ...main, readinessProbe: { tcpSocket: { port: 18431 }, periodSeconds: 1 } }],
        },
      }),
    );
    await cluster.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "server" },
        spec: { selector: { app: "server" }, ports: [{ port: 18431 }] },
      }),
    );
    const pod = await cluster.untilPod("server", isReady);
    const answer = await fetch(`http://${pod.status?.podIP}:18431`);
    expect(await answer.text()).toBe("served");
    const script = "for t in $(seq 50); do getent hosts server.process-node-end && exit 0; sleep 0.1; done; exit 1";
    await cluster.apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "asker" },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          containers: [{ name: "main", image: "tools", command: ["sh", "-c", script] }],
        },
      }),
    );
    await cluster.untilPod("asker", ({ status }) => status?.phase === "Succeeded");
    for (const name of ["server", "asker"]) await cluster.core.deleteNamespacedPod({ namespace: NAMESPACE, name });
    await cluster.untilGone("server");
    await cluster.untilGone("asker");
  } finally {
    await node.stop();
  }
  expect(hasAddress(node.address)).toBe(false);
});

async function nodeFolders(): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith("stash-batch-node-"));
}

function hasAddress(address: string): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === address));
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<[string]> {
  for await (const line of createInterface({ input: stream })) return [line];
  throw new Error("the program ended without a word");
}

/** The kubelet port of the process node from outside, start-up of containers, and an API server that goes away. */
import { execFile } from "node:child_process";
import https from "node:https";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startControlPlane } from "../support/control-plane/control-plane.ts";
import { startProcessNode } from "../support/node/process-node.ts";
import { containerOf, findContainer, isReady, TestCluster, until, useNodes } from "../support/node/test-cluster.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const use = useNodes("process-node-kubelet", [{ name: "pn-kubelet", images: { tools: {} } }]);

function podOf(name: string, container: object): string {
  const main = { name: "main", image: "tools", command: ["sleep", "infinity"], ...container };
  const spec = { terminationGracePeriodSeconds: 0, containers: [main] };
  return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec });
}

test("kubectl runs commands and reads logs: input, output and exit code arrive", async () => {
  const { cluster } = use();
  await cluster.apply(podOf("spoken-to", { command: ["sh", "-c", "echo started; exec sleep infinity"] }));
  await cluster.untilPod("spoken-to", isReady);
  const run = (input: string, ...words: readonly string[]) => {
    const flags = ["--kubeconfig", sharedPlane().kubeconfigPath, "--namespace", cluster.namespace];
    const program = join(sharedPlane().programsDir, "kubectl");
    const running = promisify(execFile)(program, [...flags, ...words], { maxBuffer: 2 ** 25 });
    running.child.stdin?.end(input);
    return running;
  };
  // More than the first window of any flow control.
  const big = "0123456789abcdef\n".repeat(200_000);
  const echoed = await run(big, "exec", "-i", "spoken-to", "--", "cat");
  expect(echoed.stdout === big).toBe(true);
  await expect(run("", "exec", "spoken-to", "--", "sh", "-c", "echo told; exit 9")).rejects.toMatchObject({
    code: 9,
    stdout: "told\n",
  });
  expect((await run("", "logs", "spoken-to")).stdout).toBe("started\n");
});

test("the kubelet port hears nobody without a certificate of the cluster", async () => {
  const { cluster, nodes } = use();
  const node = await cluster.core.readNode({ name: "pn-kubelet" });
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
  const ask = () =>
    new Promise((resolve, reject) => {
      const request = https.get(
        { host: nodes[0]?.address, port, path: "/healthz", rejectUnauthorized: false },
        resolve,
      );
      request.on("error", reject);
    });
  await expect(ask()).rejects.toThrow(/certificate|socket|ECONNRESET/i);
});

test("a command ends when its client goes away", async () => {
  const { cluster } = use();
  await cluster.untilPod("spoken-to", isReady);
  const flags = ["--kubeconfig", sharedPlane().kubeconfigPath, "--namespace", cluster.namespace];
  const program = join(sharedPlane().programsDir, "kubectl");
  const client = execFile(program, [...flags, "exec", "spoken-to", "--", "sleep", "60001"]);
  const count = async (): Promise<number> => {
    const script = "cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -o 'sleep 60001' | wc -l";
    return Number((await cluster.exec("spoken-to", "main", ["sh", "-c", script])).stdout);
  };
  // The counting shell names the words once itself.
  expect(await until(async () => (await count()) === 2)).toBe(true);
  client.kill("SIGKILL");
  expect(await until(async () => (await count()) === 1)).toBe(true);
});

test("a container is started after its start-up probe, and its postStart hook has run in it", async () => {
  const { cluster } = use();
  const hook = { exec: { command: ["sh", "-c", "echo hooked > /tmp/hook"] } };
  const startupProbe = { exec: { command: ["test", "-e", "/tmp/up"] }, periodSeconds: 1, failureThreshold: 30 };
  await cluster.apply(podOf("slow", { lifecycle: { postStart: hook }, startupProbe }));
  await cluster.untilPod("slow", ({ status }) => status?.phase === "Running");
  expect(
    await until(async () => (await cluster.exec("slow", "main", ["cat", "/tmp/hook"])).stdout === "hooked\n"),
  ).toBe(true);
  const waiting = await cluster.untilPod("slow", () => true);
  expect(containerOf(waiting, "main").started).toBe(false);
  expect(isReady(waiting)).toBe(false);
  await cluster.exec("slow", "main", ["touch", "/tmp/up"]);
  const pod = await cluster.untilPod("slow", isReady);
  expect(containerOf(pod, "main").started).toBe(true);
});

test("what happens while the API server is away is told when it is back, and new pods run", async () => {
  const controlPlane = await startControlPlane({ crds: false });
  try {
    const { kubeconfigPath } = controlPlane;
    const node = await startProcessNode({ kubeconfigPath, name: "pn-alone", images: { tools: {} } });
    try {
      const cluster = new TestCluster(kubeconfigPath, "default");
      await cluster.apply(podOf("before", {}));
      await cluster.untilPod("before", isReady);
      await controlPlane.killApiServer();
      node.killContainer("default", "before", "main");
      await controlPlane.startApiServer();
      const pod = await cluster.untilPod(
        "before",
        (seen) => findContainer(seen, "main")?.restartCount === 1 && isReady(seen),
      );
      expect(containerOf(pod, "main").lastState?.terminated?.exitCode).toBe(137);
      await cluster.apply(podOf("after", {}));
      await cluster.untilPod("after", isReady, 30_000);
    } finally {
      await node.stop();
    }
  } finally {
    await controlPlane.stop();
  }
});

/** Starts, ends and restarts of containers on the process node; its logs and exec. */
import { expect, test } from "vitest";
import { containerOf, findContainer, isReady, until, useNodes } from "../support/node/test-cluster.ts";

const use = useNodes("process-node-lifecycle", [{ name: "pn-lifecycle", images: { tools: {} } }]);
const node = () => {
  const [only] = use().nodes;
  if (only === undefined) throw new Error("no node");
  return only;
};

/** A pod of one container with more fields of the container and the pod, as JSON. */
function podOf(name: string, script: string, container: object = {}, spec: object = {}): string {
  const main = { name: "main", image: "tools", command: ["sh", "-c", script], ...container };
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 0, containers: [main], ...spec },
  });
}

test("a killed container starts again: restart count, last state and volumes are kept, its own files are not", async () => {
  const { cluster } = use();
  const script = "ls /kept /own 2>/dev/null; mkdir -p /own; touch /kept/file /own/file; echo up; exec sleep infinity";
  const mounts = { volumeMounts: [{ name: "kept", mountPath: "/kept" }] };
  await cluster.apply(podOf("killed", script, mounts, { volumes: [{ name: "kept", emptyDir: {} }] }));
  await cluster.untilPod("killed", isReady);
  expect(await until(async () => (await cluster.logs("killed")) === "/kept:\nup\n")).toBe(true);
  node().killContainer(cluster.namespace, "killed", "main");
  const pod = await cluster.untilPod(
    "killed",
    (seen) => findContainer(seen, "main")?.restartCount === 1 && isReady(seen),
  );
  expect(containerOf(pod, "main").lastState?.terminated).toMatchObject({ exitCode: 137, signal: 9, reason: "Error" });
  expect(await until(async () => (await cluster.logs("killed")) === "/kept:\nfile\nup\n")).toBe(true);
  expect(await cluster.logs("killed", "main", true)).toBe("/kept:\nup\n");
});

test("a container that keeps failing backs off, with its exit code and termination message", async () => {
  const { cluster } = use();
  await cluster.apply(podOf("crashing", "echo because > /dev/termination-log; exit 4"));
  const pod = await cluster.untilPod("crashing", (seen) => {
    return seen.status?.containerStatuses?.[0]?.state?.waiting?.reason === "CrashLoopBackOff";
  });
  const status = containerOf(pod, "main");
  expect(status.restartCount).toBeGreaterThan(0);
  expect(status.lastState?.terminated).toMatchObject({ exitCode: 4, message: "because\n" });
  expect(pod.status?.phase).toBe("Running");
});

test("a program that signals its whole process group reaches nobody outside of its container", async () => {
  const { cluster } = use();
  const script = "trap '' TERM; kill -TERM 0; read -r stat </proc/self/stat; echo leads $(echo $stat | cut -d' ' -f5)";
  await cluster.apply(podOf("group", script, {}, { restartPolicy: "Never" }));
  // The signal would end this very process, and the group of process 1 would not be seen from inside.
  await cluster.untilPod("group", (pod) => pod.status?.phase === "Succeeded");
  expect(await cluster.logs("group")).toBe("leads 1\n");
});

test("an image that the table lacks, and a program that does not exist, are told as a kubelet tells them", async () => {
  const { cluster } = use();
  await cluster.apply(podOf("no-image", "true", { image: "registry/none:1" }));
  await cluster.apply(podOf("no-program", "", { command: ["no-such-program"] }, { restartPolicy: "Never" }));
  const seen = new Set<string>();
  await cluster.untilPod("no-image", (pod) => {
    seen.add(pod.status?.containerStatuses?.[0]?.state?.waiting?.reason ?? "");
    return seen.has("ImagePullBackOff");
  });
  expect(seen).toContain("ErrImagePull");
  const pod = await cluster.untilPod("no-program", ({ status }) => status?.phase === "Failed");
  expect(containerOf(pod, "main").state?.terminated).toMatchObject({ exitCode: 128, reason: "StartError" });
  expect(containerOf(pod, "main").state?.terminated?.message).toContain("no-such-program");
});

test("a deleted pod gets its preStop hook, SIGTERM and its grace, and its object goes when its processes have gone", async () => {
  const { cluster } = use();
  const { namespace } = cluster;
  const script =
    "trap 'echo term >> /kept/log; sleep 0.5; echo done >> /kept/log; exit 0' TERM; while :; do sleep 0.05; done";
  const container = {
    volumeMounts: [{ name: "kept", mountPath: "/kept" }],
    lifecycle: { preStop: { exec: { command: ["sh", "-c", "echo hook >> /kept/log"] } } },
  };
  const claim = {
    metadata: { name: "kept" },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  await cluster.apply(JSON.stringify({ apiVersion: "v1", kind: "PersistentVolumeClaim", ...claim }));
  const volumes = [{ name: "kept", persistentVolumeClaim: { claimName: "kept" } }];
  await cluster.apply(podOf("graceful", script, container, { volumes, terminationGracePeriodSeconds: 20 }));
  await cluster.untilPod("graceful", isReady);
  await cluster.core.deleteNamespacedPod({ namespace, name: "graceful" });
  await cluster.untilGone("graceful");
  await cluster.apply(
    podOf("reader", "cat /kept/log", { volumeMounts: container.volumeMounts }, { volumes, restartPolicy: "Never" }),
  );
  await cluster.untilPod("reader", ({ status }) => status?.phase === "Succeeded");
  expect(await cluster.logs("reader")).toBe("hook\nterm\ndone\n");
});

test("a program that ignores SIGTERM is killed when the grace is over", async () => {
  const { cluster } = use();
  await cluster.apply(
    podOf("stubborn", "trap '' TERM; while :; do sleep 0.05; done", {}, { terminationGracePeriodSeconds: 1 }),
  );
  await cluster.untilPod("stubborn", isReady);
  const from = Date.now();
  await cluster.core.deleteNamespacedPod({ namespace: cluster.namespace, name: "stubborn" });
  await cluster.untilGone("stubborn");
  expect(Date.now() - from).toBeGreaterThan(900);
});

test("readiness follows its probe, and a failed liveness probe restarts the container", async () => {
  const { cluster } = use();
  const probe = (path: string) => ({ exec: { command: ["test", "-e", path] }, periodSeconds: 1, failureThreshold: 1 });
  await cluster.apply(
    podOf(
      "probed",
      "touch /tmp/alive; exec sleep infinity",
      {
        readinessProbe: probe("/tmp/ready"),
        livenessProbe: { ...probe("/tmp/alive"), initialDelaySeconds: 1 },
      },
      { terminationGracePeriodSeconds: 1 },
    ),
  );
  await cluster.untilPod("probed", (pod) => findContainer(pod, "main")?.started === true);
  expect(isReady(await cluster.untilPod("probed", ({ status }) => status?.phase === "Running"))).toBe(false);
  await cluster.exec("probed", "main", ["touch", "/tmp/ready"]);
  await cluster.untilPod("probed", isReady);
  await cluster.exec("probed", "main", ["rm", "/tmp/ready"]);
  await cluster.untilPod("probed", (pod) => !isReady(pod));
  await cluster.exec("probed", "main", ["rm", "/tmp/alive"]);
  await cluster.untilPod("probed", (pod) => findContainer(pod, "main")?.restartCount === 1, 40_000);
});

test("exec gives output, errors and exit code apart, takes input, and names a program that is missing", async () => {
  const { cluster } = use();
  await cluster.apply(podOf("target", "echo first; echo second >&2; exec sleep infinity", { workingDir: "/var/tmp" }));
  await cluster.untilPod("target", isReady);
  const result = await cluster.exec("target", "main", ["sh", "-c", "pwd; hostname; echo bad >&2; exit 6"]);
  expect(result).toMatchObject({ stdout: "/var/tmp\ntarget\n", stderr: "bad\n" });
  expect(result.status.details?.causes).toEqual([{ reason: "ExitCode", message: "6" }]);
  const big = "0123456789abcdef".repeat(100_000);
  const echoed = await cluster.exec("target", "main", ["cat"], big);
  expect(echoed.status.status).toBe("Success");
  expect(echoed.stdout === big).toBe(true);
  const missing = await cluster.exec("target", "main", ["no-such-program"]);
  expect(missing.status.message).toContain("no-such-program");
  // A program may open its output again by name.
  expect((await cluster.exec("target", "main", ["sh", "-c", "echo again > /dev/stdout"])).stdout).toBe("again\n");
});

test("the end of a command never overtakes its output", async () => {
  const { cluster } = use();
  const lengths = Array.from({ length: 60 }, (_, index) => index * 5_000);
  for (let at = 0; at < lengths.length; at += 4) {
    const batch = lengths.slice(at, at + 4);
    const results = await Promise.all(
      batch.map((length) => cluster.exec("target", "main", ["sh", "-c", `head -c ${length} /dev/zero; exit 5`])),
    );
    expect(results.map(({ stdout }) => stdout.length)).toEqual(batch);
  }
});

test("logs give the whole, the tail, times, and what comes while they are followed", async () => {
  const { cluster } = use();
  const { namespace } = cluster;
  // Two streams are two pipes, so their order is open.
  expect((await cluster.logs("target")).split("\n").sort()).toEqual(["", "first", "second"]);
  await cluster.apply(
    podOf("talker", "for i in 1 2 3; do echo line $i; sleep 0.3; done; printf end", {}, { restartPolicy: "Never" }),
  );
  await cluster.untilPod("talker", ({ status }) => status?.phase === "Running");
  const followed = await cluster.core.readNamespacedPodLog({ namespace, name: "talker", follow: true });
  expect(followed).toBe("line 1\nline 2\nline 3\nend");
  const tail = await cluster.core.readNamespacedPodLog({ namespace, name: "talker", tailLines: 2 });
  expect(tail).toBe("line 3\nend");
  const stamped = await cluster.core.readNamespacedPodLog({ namespace, name: "talker", timestamps: true });
  expect(stamped).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z line 1\n/);
});

test("an evicted pod is Failed with the reason, and its controller makes another", async () => {
  const { cluster } = use();
  const { namespace } = cluster;
  const template = {
    metadata: { labels: { app: "evicted" } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "main", image: "tools", command: ["sleep", "infinity"] }],
    },
  };
  await cluster.apply(
    JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "evicted" },
      spec: { replicas: 1, selector: { matchLabels: { app: "evicted" } }, template },
    }),
  );
  const [first] = await cluster.untilReady("evicted", 1);
  const name = first?.metadata?.name ?? "";
  await node().evictPod(namespace, name, "The node was low on resource: memory.");
  const pod = await cluster.untilPod(name, ({ status }) => status?.phase === "Failed");
  expect(pod.status).toMatchObject({ reason: "Evicted", message: "The node was low on resource: memory." });
  const [second] = await cluster.untilReady("evicted", 1);
  expect(second?.metadata?.name).not.toBe(name);
});

test("a pod past its active deadline fails", async () => {
  const { cluster } = use();
  await cluster.apply(podOf("late", "exec sleep infinity", {}, { activeDeadlineSeconds: 1, restartPolicy: "Never" }));
  const pod = await cluster.untilPod("late", ({ status }) => status?.phase === "Failed");
  expect(pod.status?.reason).toBe("DeadlineExceeded");
});

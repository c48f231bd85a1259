/** Processes that bench/schedule.ts measures, among them the reconciler as an installation's pod runs it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildBundles } from "../scripts/build.ts";
import { textAt } from "../shared/json/value.ts";
import { asIs, type KubeClient } from "../shared/kube/client/interface.ts";
import type { ControlPlane } from "../tests/support/control-plane/control-plane.ts";
import { KUBERNETES } from "../tests/support/objects/resources.ts";

const KIB_PER_MIB = 1_024;
/** What the image starts node with. */
const NODE_FLAGS = ["--max-semi-space-size=2"];

export interface Started {
  readonly child: ChildProcess;
  readonly readyMs: number;
}

/** Resident memory of a process. */
export function rssMiB(child: ChildProcess): number {
  return statusMiB(child, /^VmRSS:\s+(\d+) kB$/m);
}

/** The most that it ever had. */
export function mostRssMiB(child: ChildProcess): number {
  return statusMiB(child, /^VmHWM:\s+(\d+) kB$/m);
}

function statusMiB({ pid }: ChildProcess, line: RegExp): number {
  return Number(line.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / KIB_PER_MIB;
}

export async function stop({ child }: Started): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

/** How a pod of an installation reaches the API server: bundle, address and ServiceAccount files. */
export interface PodLike {
  readonly bundle: string;
  readonly accountDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** @param namespace that exists already; the ServiceAccount is made in it */
export async function makePod(
  client: KubeClient,
  controlPlane: ControlPlane,
  namespace: string,
  dir: string,
): Promise<PodLike> {
  const bundleDir = join(dir, "dist");
  await buildBundles(bundleDir);
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reconciler", namespace } };
  await client.create(KUBERNETES.ServiceAccount, namespace, account, asIs);
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "bench" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "reconciler", namespace }],
  };
  await client.create(KUBERNETES.ClusterRoleBinding, undefined, binding, asIs);
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 36_000 } };
  const token = await client.createSubresource(
    KUBERNETES.ServiceAccount,
    namespace,
    "reconciler",
    "token",
    request,
    (answer) => textAt(answer, "status", "token") ?? "",
  );
  const accountDir = join(dir, "account");
  await mkdir(accountDir);
  const files = { token, namespace, "ca.crt": controlPlane.caPem };
  for (const [file, text] of Object.entries(files)) await writeFile(join(accountDir, file), text);
  const { hostname, port } = new URL(controlPlane.serverUrl);
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  return { bundle: join(bundleDir, "stash-batch.mjs"), accountDir, env };
}

/** Puts the ServiceAccount's files where a kubelet does, for this process alone, and becomes the program. */
const AS_POD = `
  set -e
  mount -t tmpfs tmpfs /var/run
  mkdir -p /var/run/secrets/kubernetes.io/serviceaccount
  mount --bind "$ACCOUNT_DIR" /var/run/secrets/kubernetes.io/serviceaccount
  exec "$@"`;

/** Starts the whole reconciler as an image does, and waits until it says that it is ready. */
export async function startReconciler(pod: PodLike, port: number): Promise<Started> {
  const startedAt = performance.now();
  const flags = ["--image=bench", `--listen=127.0.0.1:${port}`, "--leader-elect=false", "--log-level=error"];
  const command = [process.execPath, ...NODE_FLAGS, pod.bundle, "reconciler", ...flags];
  const child = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", AS_POD, "sh", ...command], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ACCOUNT_DIR: pod.accountDir, ...pod.env },
  });
  while (!(await isReady(port))) {
    if (child.exitCode !== null) throw new Error(`the reconciler ended with ${child.exitCode}`);
    await sleep(20);
  }
  return { child, readyMs: performance.now() - startedAt };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

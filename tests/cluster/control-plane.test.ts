import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AppsV1Api, CoreV1Api, KubeConfig } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type ApiEndpoint, apiRequest } from "../support/control-plane/api-request.ts";
import { loadCertificates } from "../support/control-plane/certificates.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { processesThatName } from "../support/control-plane/processes-of.ts";
import { eventually } from "../support/eventually.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const SERVERS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
const SOON_MS = 20_000;

async function programsIn(dir: string): Promise<string[]> {
  return (await processesThatName(dir)).map(({ program }) => program).filter((program) => SERVERS.includes(program));
}

function clientOf(kubeconfigPath: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfigPath);
  return config;
}

describe("a control plane that lives through its tests", () => {
  let controlPlane: ControlPlane;
  let core: CoreV1Api;
  let endpoint: ApiEndpoint;

  beforeAll(async () => {
    controlPlane = await startControlPlane();
    core = clientOf(controlPlane.kubeconfigPath).makeApiClient(CoreV1Api);
    const { ca, clients } = await loadCertificates();
    endpoint = { serverUrl: controlPlane.serverUrl, caPem: ca.certPem, client: clients.admin };
  });

  afterAll(() => controlPlane.stop());

  async function createConfigMap(name: string): Promise<string> {
    const made = await core.createNamespacedConfigMap({ namespace: "default", body: { metadata: { name } } });
    return made.metadata?.resourceVersion ?? "";
  }

  test("it is another one than the control plane that the suite shares, and both are ready", async () => {
    const shared = sharedPlane();
    expect(controlPlane.serverUrl).not.toBe(shared.serverUrl);
    for (const serverUrl of [shared.serverUrl, controlPlane.serverUrl]) {
      expect(await apiRequest({ ...endpoint, serverUrl }, "/readyz")).toEqual({ status: 200, text: "ok" });
    }
    const namespaces = await clientOf(sharedPlane().kubeconfigPath).makeApiClient(CoreV1Api).listNamespace();
    expect(namespaces.items.map((namespace) => namespace.metadata?.name)).toContain("kube-system");
    expect(await programsIn(controlPlane.dir)).toEqual(SERVERS);
  });

  test("the controller manager makes a Deployment's ReplicaSet and Pod, and the scheduler looks for a node", async () => {
    const apps = clientOf(controlPlane.kubeconfigPath).makeApiClient(AppsV1Api);
    const labels = { app: "web" };
    await apps.createNamespacedDeployment({
      namespace: "default",
      body: {
        metadata: { name: "web" },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "web", image: "web" }] } },
        },
      },
    });
    const conditions = async () => {
      const pods = await core.listNamespacedPod({ namespace: "default", labelSelector: "app=web" });
      return (pods.items[0]?.status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`);
    };
    await eventually(conditions, (all) => all.includes("PodScheduled False Unschedulable"), SOON_MS);
    const replicaSets = await apps.listNamespacedReplicaSet({ namespace: "default", labelSelector: "app=web" });
    expect(replicaSets.items.map((set) => set.metadata?.ownerReferences?.[0]?.name)).toEqual(["web"]);
  });

  test("a kubeconfig for a user makes the client that user, without rights of its own", async () => {
    const path = await controlPlane.kubeconfigFor("system:serviceaccount:default:web", ["system:serviceaccounts"]);
    const listing = clientOf(path).makeApiClient(CoreV1Api).listNamespacedPod({ namespace: "default" });
    await expect(listing).rejects.toThrow(/User \\*"system:serviceaccount:default:web\\*" cannot list/);
  });

  test("an API server that is killed and started again has its port and its data", async () => {
    await createConfigMap("before-the-kill");
    await controlPlane.killApiServer();
    expect(await programsIn(controlPlane.dir)).toEqual(SERVERS.filter((program) => program !== "kube-apiserver"));
    await expect(apiRequest(endpoint, "/readyz")).rejects.toThrow("ECONNREFUSED");
    await controlPlane.startApiServer();
    const kept = await core.readNamespacedConfigMap({ namespace: "default", name: "before-the-kill" });
    expect(kept.metadata?.name).toBe("before-the-kill");
  });

  test("an API server whose port was taken meanwhile says so and can be started later", async () => {
    await controlPlane.killApiServer();
    const squatter = createServer();
    const port = Number(new URL(controlPlane.serverUrl).port);
    await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
    await expect(controlPlane.startApiServer()).rejects.toThrow("address already in use");
    await new Promise((resolve) => squatter.close(resolve));
    await controlPlane.startApiServer();
    expect((await apiRequest(endpoint, "/readyz")).status).toBe(200);
  });

  test("after a compaction, watches from older versions get 410", async () => {
    const watchFrom = async (resource: string, version: string): Promise<string> => {
      const query = `watch=1&timeoutSeconds=1&resourceVersion=${version}`;
      return (await apiRequest(endpoint, `/api/v1/namespaces/default/${resource}?${query}`)).text;
    };
    const old = await createConfigMap("old");
    await core.createNamespacedEvent({
      namespace: "default",
      body: { metadata: { name: "told" }, involvedObject: { namespace: "default" } },
    });
    await createConfigMap("new");
    expect(await watchFrom("events", old)).toContain('"type":"ADDED"');
    expect(await watchFrom("configmaps", old)).toContain('"name":"new"');

    await controlPlane.compactEtcd();
    expect(await watchFrom("events", old)).toContain('"code":410');

    // Most kinds are served from the API server's memory, which a restart empties.
    await controlPlane.killApiServer();
    await controlPlane.startApiServer();
    expect(await watchFrom("configmaps", old)).toContain('"code":410');
    expect((await core.readNamespacedConfigMap({ namespace: "default", name: "old" })).metadata?.name).toBe("old");
  });

  test("stopping it leaves no process and no folder", async () => {
    expect(existsSync(controlPlane.dir)).toBe(true);
    await controlPlane.stop();
    expect(await processesThatName(controlPlane.dir)).toEqual([]);
    expect(existsSync(controlPlane.dir)).toBe(false);
    await controlPlane.stop();
  });
});

describe("a control plane whose surroundings fail", () => {
  async function startOwner(): Promise<{ readonly pid: number; readonly dir: string }> {
    const program = join(import.meta.dirname, "../support/control-plane/main.ts");
    const owner = spawn(process.execPath, [program], { stdio: ["ignore", "pipe", "ignore"] });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: owner.stdout }).once("line", resolve);
      owner.once("exit", (code) => reject(new Error(`the owner ended with ${code}`)));
    });
    const ready: unknown = JSON.parse(line);
    if (typeof ready !== "object" || ready === null || !("dir" in ready) || owner.pid === undefined) {
      throw new Error(`the owner printed ${line}`);
    }
    return { pid: owner.pid, dir: String(ready.dir) };
  }

  async function expectNothingLeft(dir: string): Promise<void> {
    await eventually(async () => (await processesThatName(dir)).length, 0, SOON_MS);
    await eventually(() => existsSync(dir), false, SOON_MS);
  }

  test("an owner that is killed leaves no process and no folder", async () => {
    const { pid, dir } = await startOwner();
    expect(await programsIn(dir)).toEqual(SERVERS);
    process.kill(pid, "SIGKILL");
    await expectNothingLeft(dir);
  });

  test("a supervisor that is killed takes all servers with it, and stopping removes the folder", async () => {
    const controlPlane = await startControlPlane({ crds: false, controllerManager: false, scheduler: false });
    const { dir } = controlPlane;
    const supervisor = (await processesThatName(dir)).find(({ program }) => !SERVERS.includes(program));
    if (supervisor === undefined) throw new Error("there is no supervisor");
    process.kill(supervisor.pid, "SIGKILL");
    await eventually(async () => (await processesThatName(dir)).length, 0, SOON_MS);
    await controlPlane.stop();
    expect(existsSync(dir)).toBe(false);
  });

  test("what is mounted in its folder is never removed with it", async () => {
    const { pid, dir } = await startOwner();
    const precious = await mkdtemp(join(tmpdir(), "stash-batch-precious-"));
    await writeFile(join(precious, "file"), "kept");
    await mkdir(join(dir, "mounted"));
    execFileSync("mount", ["--bind", precious, join(dir, "mounted")]);
    try {
      process.kill(pid, "SIGKILL");
      await eventually(async () => (await processesThatName(dir)).length, 0, SOON_MS);
      expect(await readFile(join(dir, "mounted", "file"), "utf8")).toBe("kept");
    } finally {
      execFileSync("umount", [join(dir, "mounted")]);
    }
    await Promise.all([rm(dir, { recursive: true }), rm(precious, { recursive: true })]);
  });

  test("a server that refuses its flags fails the start with its own words and leaves nothing", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "stash-batch-refused-"));
    vi.stubEnv("TMPDIR", temporary);
    try {
      const start = startControlPlane({ extraApiServerFlags: ["--no-such-flag"] });
      await expect(start).rejects.toThrow(/kube-apiserver ended \(exit code 1\)[\s\S]*unknown flag: --no-such-flag/);
    } finally {
      vi.unstubAllEnvs();
    }
    expect(await processesThatName(temporary)).toEqual([]);
    expect(await readdir(temporary)).toEqual([]);
    await rmdir(temporary);
  });
});

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CredentialsCache } from "../../../../../shared/kube/connection/credentials.ts";
import { findConnection } from "../../../../../shared/kube/connection/find.ts";
import { inClusterConnection } from "../../../../../shared/kube/connection/in-cluster.ts";
import { kubeconfigConnection } from "../../../../../shared/kube/connection/kubeconfig.ts";
import { ManualClock } from "../../../../support/kube/manual-clock.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "stash-batch-connection-"));
});
afterAll(() => rm(dir, { recursive: true }));

const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: main
clusters:
- name: one
  cluster: {server: "https://10.0.0.1:6443/prefix", certificate-authority-data: Q0E=, tls-server-name: api.local}
users:
- name: token
  user: {token: secret-token}
- name: certificate
  user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}
- name: program
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: Never
      command: sh
      args: ["-c", "echo '{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"from-program\\"}}'"]
contexts:
- {name: main, context: {cluster: one, user: token, namespace: demo}}
- {name: certificate, context: {cluster: one, user: certificate}}
- {name: program, context: {cluster: one, user: program}}
- {name: broken, context: {cluster: two, user: token}}
`;

describe("a kubeconfig", () => {
  let path: string;
  beforeAll(async () => {
    path = join(dir, "kubeconfig");
    await writeFile(path, KUBECONFIG);
  });

  test("gives address, namespace and token of the current context", async () => {
    const connection = await kubeconfigConnection({ path });
    expect(connection.serverUrl.href).toBe("https://10.0.0.1:6443/prefix");
    expect(connection.namespace).toBe("demo");
    const { headers, tls } = await connection.credentials();
    expect(headers).toEqual({ authorization: "Bearer secret-token" });
    expect(tls).toEqual({ ca: Buffer.from("CA"), servername: "api.local" });
  });

  test("gives a client certificate of another context", async () => {
    const { tls } = await (await kubeconfigConnection({ path, context: "certificate" })).credentials();
    expect(tls).toMatchObject({ cert: Buffer.from("CERT"), key: Buffer.from("KEY") });
  });

  test("gives the token that a program prints", async () => {
    const { headers } = await (await kubeconfigConnection({ path, context: "program" })).credentials();
    expect(headers).toEqual({ authorization: "Bearer from-program" });
  });

  test.each([
    ["is missing", { path: "/nowhere/kubeconfig" }],
    ["lacks the cluster of its context", { context: "broken" }],
    ["lacks the context", { context: "none" }],
  ])("that %s is an error of the configuration", async (_, options) => {
    const opening = kubeconfigConnection({ path, ...options });
    await expect(opening).rejects.toMatchObject({ name: "UserError", code: "CONFIGURATION_INVALID" });
  });

  test("that is named wins over everything else", async () => {
    const env = { KUBERNETES_SERVICE_HOST: "10.96.0.1", KUBERNETES_SERVICE_PORT: "443" };
    const connection = await findConnection({ env, kubeconfigPath: path, context: "certificate" });
    expect(connection.serverUrl.hostname).toBe("10.0.0.1");
  });
});

describe("inside a pod", () => {
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };

  test("the ServiceAccount's files are read anew each time: the kubelet replaces the token", async () => {
    await writeFile(join(dir, "token"), "first\n");
    await writeFile(join(dir, "ca.crt"), "CA");
    await writeFile(join(dir, "namespace"), "demo");
    const connection = await inClusterConnection({ env, dir });
    expect(connection?.serverUrl.href).toBe("https://[fd00::1]/");
    expect(connection?.namespace).toBe("demo");
    expect(await connection?.credentials()).toEqual({ headers: { authorization: "Bearer first" }, tls: { ca: "CA" } });
    await writeFile(join(dir, "token"), "second");
    expect(await connection?.credentials()).toMatchObject({ headers: { authorization: "Bearer second" } });
  });

  test("is not where there is no address or no token", async () => {
    expect(await inClusterConnection({ env: {}, dir })).toBeUndefined();
    expect(await inClusterConnection({ env, dir: join(dir, "nowhere") })).toBeUndefined();
  });
});

describe("credentials", () => {
  function aCache() {
    const clock = new ManualClock();
    let reads = 0;
    const credentials = async () => {
      reads += 1;
      if (reads === 3) throw new Error("no file");
      return { headers: { authorization: String(reads) }, tls: {} };
    };
    const connection = { serverUrl: new URL("https://a"), namespace: undefined, credentials };
    return { clock, cache: new CredentialsCache(connection, 1_000, () => clock.monotonic()) };
  }

  test("are kept for a while, then read again; a failed reading is not kept", async () => {
    const { clock, cache } = aCache();
    const readNow = async () => (await cache.get()).headers["authorization"];
    expect([await readNow(), await readNow()]).toEqual(["1", "1"]);
    await clock.advance(1_000);
    expect(await readNow()).toBe("2");
    cache.invalidate();
    await expect(readNow()).rejects.toThrow("no file");
    expect(await readNow()).toBe("4");
  });
});

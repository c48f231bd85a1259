/** Commands and logs of a real pod, through the API server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { messageOf } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Connection } from "../../shared/kube/connection/credentials.ts";
import { createPodExec, type ExecRequest, type PodExec } from "../../shared/kube/exec/pod.ts";
import { readLogTail } from "../../shared/kube/logs.ts";
import { eventually, stays } from "../support/eventually.ts";
import { startTcpProxy } from "../support/kube/tcp-proxy.ts";
import { failureOf, openTestClient } from "../support/kube/test-client.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACES = { group: "", version: "v1", plural: "namespaces", namespaced: false };
const PODS = { group: "", version: "v1", plural: "pods", namespaced: true };
const NAMESPACE = "kube-exec";
const COMMON = { namespace: NAMESPACE, pod: "talker", container: "main", timeoutMs: 20_000 };

let client: KubeClient;
let connection: Connection;
let exec: PodExec;
beforeAll(async () => {
  ({ client, connection } = await openTestClient(sharedPlane().kubeconfigPath));
  exec = createPodExec({ connection });
  await client.create(NAMESPACES, undefined, { metadata: { name: NAMESPACE } }, asIs);
  const talk = 'for i in $(seq 1 300); do echo "line $i"; done; exec sleep 600';
  const container = { name: "main", image: "app:1", command: ["sh", "-c", talk] };
  const spec = { automountServiceAccountToken: false, terminationGracePeriodSeconds: 0, containers: [container] };
  // The namespace's ServiceAccount comes a moment after the namespace.
  const create = () => client.create(PODS, NAMESPACE, { metadata: { name: "talker" }, spec }, asIs);
  await eventually(() => create().then(() => "made", messageOf), "made", 20_000);
  const phase = async () => textAt(await client.get(PODS, NAMESPACE, "talker", asIs), "status", "phase");
  await eventually(phase, "Running", 60_000);
});
afterAll(async () => {
  await client?.delete(PODS, NAMESPACE, "talker", { gracePeriodSeconds: 0 });
  await client?.delete(NAMESPACES, undefined, NAMESPACE);
  client?.close();
});

function sh(script: string, options: Partial<ExecRequest> = {}) {
  return exec({ ...COMMON, command: ["sh", "-c", script], ...options });
}

describe("a command", () => {
  test("gives its output, its errors apart, and its exit code", async () => {
    const result = await sh("echo out; echo err >&2; exit 3");
    expect(result).toEqual({ end: { kind: "exited", exitCode: 3 }, stdout: "out\n", stderr: "err\n" });
    expect(await sh("true")).toEqual({ end: { kind: "exited", exitCode: 0 }, stdout: "", stderr: "" });
  });

  test("gets its arguments as they are", async () => {
    const odd = ["a b", "", "$HOME", "ä&=?#%+", "q\"'", "line\nbreak"];
    const result = await exec({ ...COMMON, command: ["printf", "[%s]", ...odd] });
    expect(result.stdout).toBe(odd.map((argument) => `[${argument}]`).join(""));
  });

  test("has no standard input to wait for", async () => {
    expect((await sh("cat; echo done")).stdout).toBe("done\n");
  });

  test("of much output keeps the beginning and the end", async () => {
    const { end, stdout } = await sh("echo first; seq 1 300000; echo last");
    expect(end).toEqual({ kind: "exited", exitCode: 0 });
    expect(stdout).toMatch(/^first\n1\n2\n/);
    expect(stdout).toMatch(/\n300000\nlast\n$/);
    expect(stdout).toMatch(/\n\.\.\. \d+ bytes left out \.\.\.\n/);
    expect(stdout.length).toBeLessThan(17_000);
  });

  test("that takes too long is left in time, with what it said so far", async () => {
    const startedAt = performance.now();
    const result = await sh("echo begun; sleep 30", { timeoutMs: 1_500 });
    expect(result).toEqual({ end: { kind: "timedOut" }, stdout: "begun\n", stderr: "" });
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test("is left at once when the caller wants no more", async () => {
    const abort = new AbortController();
    const running = sh("sleep 30", { signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), 300);
    await expect(running).rejects.toThrow("enough");
    await expect(sh("true", { signal: abort.signal })).rejects.toThrow("enough");
  });

  test("that does not exist is an error, no exit code", async () => {
    const error = await failureOf(exec({ ...COMMON, command: ["/no/such/program"] }));
    expect(error.message).toContain("/no/such/program");
  });

  test("in a pod or container that is not there is refused with the server's words", async () => {
    expect(await failureOf(sh("true", { pod: "nobody" }))).toMatchObject({ status: 404, reason: "NotFound" });
    expect(await failureOf(sh("true", { container: "nothing" }))).toMatchObject({ status: 400 });
  });

  test("whose connection breaks is not run again: nobody knows how it ended", async () => {
    const proxy = await startTcpProxy(connection.serverUrl);
    const through = createPodExec({ connection: { ...connection, serverUrl: proxy.url } });
    const running = failureOf(through({ ...COMMON, command: ["sh", "-c", "echo x >>/tmp/runs; sleep 5"] }));
    const runs = async () => (await sh("cat /tmp/runs")).stdout;
    await eventually(runs, "x\n", 10_000);
    proxy.cut();
    expect(await running).toMatchObject({ status: 0, reason: "ConnectionLost", retryable: true });
    await stays(runs, "x\n", 500);
    await proxy.stop();
  });

  test("runs beside many others", async () => {
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => sh(`echo ${i}`)));
    expect(results.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });
});

describe("a log", () => {
  test("is read from its end", async () => {
    const options = { container: "main", lines: 3 };
    expect(await readLogTail(client, NAMESPACE, "talker", options)).toBe("line 298\nline 299\nline 300\n");
    expect(await readLogTail(client, NAMESPACE, "talker", { ...options, maxLength: 5 })).toBe(" 300\n");
  });

  test("of a container that is not there is refused", async () => {
    expect(await failureOf(readLogTail(client, NAMESPACE, "talker", { container: "nothing" }))).toMatchObject({
      status: 400,
    });
  });
});

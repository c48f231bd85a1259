/** The plugin as it is built: one file, with nothing beside it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildPlugin, COMPLETING_LINK, PLUGIN_FILE } from "../../../scripts/build.ts";
import { type PluginOptions, runPlugin } from "../../support/cli/plugin.ts";

let dir: string;
let silent: Server;
let silentPort: number;
const sockets: Socket[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "stash-batch-plugin-"));
  await buildPlugin(dir);
  silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  const address = silent.address();
  silentPort = typeof address === "object" && address !== null ? address.port : 0;
}, 120_000);

afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => silent.close(done));
  rmSync(dir, { recursive: true, force: true });
});

const run = (args: readonly string[], options: PluginOptions = {}) => runPlugin(join(dir, PLUGIN_FILE), args, options);

function kubeconfig(port: number): string {
  const path = join(dir, `kubeconfig-${port}`);
  const server = `https://127.0.0.1:${port}`;
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "here",
      contexts: [{ name: "here", context: { cluster: "here", user: "me", namespace: "shop" } }],
      clusters: [{ name: "here", cluster: { server } }],
      users: [{ name: "me", user: { token: "x" } }],
    }),
  );
  return path;
}

test("is one program that can be started", async () => {
  expect(statSync(join(dir, PLUGIN_FILE)).mode & 0o111).toBe(0o111);
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(await run(["version"])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  expect(await run(["--version"])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
});

test("says in one line which Node it needs", async () => {
  const preload = join(dir, "old-node.cjs");
  writeFileSync(preload, 'Object.defineProperty(process.versions, "node", { value: "18.20.0" });');
  const { exitCode, stdout, stderr } = await run(["version"], { nodeArgs: ["--require", preload] });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^kubectl stash needs Node 20 or later, and this is .*\n$/);
});

test("uses nothing that Node 20 lacks, as far as names tell", () => {
  const text = readFileSync(join(dir, PLUGIN_FILE), "utf8");
  for (const name of [
    "Promise.withResolvers(",
    "Object.groupBy(",
    "Map.groupBy(",
    "Promise.try(",
    "Array.fromAsync(",
  ]) {
    const uses = text.split(name).length - 1;
    expect({ name, uses }).toEqual({ name, uses: 0 });
  }
});

test("answers kubectl's question for completions under the other name", async () => {
  const { stdout } = await runPlugin(join(dir, COMPLETING_LINK), ["expl"]);
  expect(stdout).toMatch(/^explain\t.*\n:4\n$/);
  expect((await runPlugin(join(dir, COMPLETING_LINK), ["explain", "--off"])).stdout).toMatch(/^--offline\t/);
  // kubectl puts what it is told behind the equals sign.
  const modes = await runPlugin(join(dir, COMPLETING_LINK), ["restore", "--dry-run=s"]);
  expect(modes.stdout).toMatch(/^server\t.*\n:4\n$/);
  const contexts = await runPlugin(join(dir, COMPLETING_LINK), ["doctor", "--context", ""], {
    env: { KUBECONFIG: kubeconfig(1) },
  });
  expect(contexts.stdout).toBe("here\tcontext\n:4\n");
});

test("bash completes commands, flags and their values by the script", () => {
  const link = join(dir, "kubectl-stash");
  symlinkSync(join(dir, PLUGIN_FILE), link);
  const complete = (...words: readonly string[]) => {
    const line = words.map((word) => `'${word}'`).join(" ");
    const script = `source <(kubectl-stash completion bash); COMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}
      $(complete -p kubectl-stash | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); printf '%s\\n' "\${COMPREPLY[@]}"`;
    const PATH = `${dir}:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`;
    const { stdout, stderr } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8", env: { PATH } });
    expect(stderr).toBe("");
    return stdout.split("\n").filter(Boolean);
  };
  expect(complete("kubectl-stash", "descr")).toEqual(["describe"]);
  expect(complete("kubectl-stash", "restore", "--dry")).toEqual(["--dry-run"]);
  // An equals sign is a word of its own, also where nothing follows it yet.
  expect(complete("kubectl-stash", "restore", "--dry-run", "=", "s")).toEqual(["server"]);
  expect(complete("kubectl-stash", "restore", "--dry-run", "=")).toEqual(["none", "client", "server"]);
  expect(complete("kubectl-stash", "status", "--output", "=", "json", "-o", "w")).toEqual(["wide"]);
  // With another COMP_WORDBREAKS it is none.
  expect(complete("kubectl-stash", "restore", "--dry-run=s")).toEqual(["--dry-run=server"]);
  expect(complete("kubectl-stash", "status", "-o", "j")).toEqual(["json"]);
});

test("a cluster that nobody reaches is told in one line with its address, within 5 s", async () => {
  for (const port of [1, silentPort]) {
    // How long a busy machine takes to start it at all.
    const { tookMs: startMs } = await run(["version"]);
    const { exitCode, stderr, stdout, tookMs } = await run(["doctor", `--kubeconfig=${kubeconfig(port)}`]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^error: .*https://127.0.0.1:${port} can't be reached: .*\\n$`));
    expect(tookMs - startMs).toBeLessThan(5_000);
  }
});

test("no kubeconfig, a missing one and a wrong context are told in one line", async () => {
  const none = await run(["doctor"], { env: { HOME: join(dir, "nowhere") } });
  expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^error: there is no kubeconfig: .*\n$/) });
  const missing = await run(["doctor"], { env: { KUBECONFIG: join(dir, "missing") } });
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(join(dir, "missing")) });
  const context = await run(["doctor", "--context=heer", `--kubeconfig=${kubeconfig(1)}`]);
  expect(context.stderr).toMatch(/^error: .* has no context heer \(next: did you mean here\?\)\n$/);
});

test("ends without a word when its reader goes", async () => {
  const { stderr, exitCode, signal } = await run(["completion", "bash"], { closesAfterBytes: 1 });
  expect({ stderr, signal }).toEqual({ stderr: "", signal: null });
  expect([0, 141]).toContain(exitCode);
});

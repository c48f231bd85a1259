/** The reconciler's process, beside an API server that answers as it is told. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { EXIT_OK, runReconciler } from "../../../reconciler/main.ts";
import { findFreePorts } from "../../support/control-plane/free-ports.ts";
import { eventually } from "../../support/eventually.ts";
import { type Answer, answerJson, aStatus, LocalServer } from "../shared/kube/client/local-server.ts";

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function kubeconfigOf({ port }: LocalServer): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-reconciler-main-"));
  undo.push(() => rm(dir, { recursive: true }));
  const path = join(dir, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  await writeFile(path, stringify(config));
  return path;
}

/** An empty cluster, whose version is told from the third question on. */
function emptyCluster(): Answer {
  let asked = 0;
  return ({ path, query, method }, response) => {
    if (path === "/version") {
      asked += 1;
      if (asked < 3) answerJson(response, 403, aStatus(403, "Forbidden"));
      else answerJson(response, 200, { major: "1", minor: "37", gitVersion: "v1.37.2" });
    } else if (query.get("watch") === "true") {
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
    } else if (method === "GET") {
      answerJson(response, 200, { kind: "List", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: [] });
    } else answerJson(response, 404, aStatus(404, "NotFound"));
  };
}

test("a reconciler that is refused an answer while it starts goes on, and leaves nothing behind when it ends", async () => {
  const server = await LocalServer.start(emptyCluster());
  undo.push(() => server.stop());
  const [port = 0] = await findFreePorts(1);
  const flags = [`--kubeconfig=${await kubeconfigOf(server)}`, `--listen=127.0.0.1:${port}`, "--image=none"];
  const ended = runReconciler([...flags, "--leader-elect=false", "--log-level=error"], {});
  const isReady = async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.ok ?? false;
  await eventually(isReady, true, 20_000);
  process.emit("SIGTERM");
  expect(await ended).toBe(EXIT_OK);
  expect(await isReady()).toBe(false);
  await eventually(() => server.connections, 0, 10_000);
});

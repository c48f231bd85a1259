import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createHostHooks, type HostHooks } from "../../../../agent/hooks/host.ts";
import type { AgentApi, ApiAnswer } from "../../../../agent/kube/api.ts";
import { createRunReporter } from "../../../../agent/report/run-reporter.ts";
import { UserError } from "../../../../shared/errors.ts";

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const RUN = { metadata: { name: "nightly-1-abc", namespace: "demo", uid: "uid-run" } };
const SUMMARY = {
  Name: "nightly-1",
  Namespace: "demo",
  Invoker: { APIGroup: "stash.appscode.com", Kind: "BackupBatch", Name: "nightly" },
  Target: { APIVersion: "", Kind: "", Name: "", Namespace: "" },
  Status: { Phase: "Failed", Duration: "", Error: "" },
  RetryLeft: 0,
};
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Hooks of a host whose application counts the calls, and whose API server answers so. */
async function aStage(
  answer: ApiAnswer,
  signal?: AbortSignal,
  given: Partial<Pick<HostHooks, "before" | "after">> = {},
) {
  const calls: string[] = [];
  const server = createServer((request, response) => {
    calls.push(request.url ?? "");
    response.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  closers.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the application has no port");
  const identity = { host: "", port: 0, namespace: "demo", ca: () => "", token: () => "" };
  const api: AgentApi = {
    identity,
    get: async () => answer,
    patchStatus: async () => answer,
    create: async () => answer,
  };
  const reporter = createRunReporter(RUN, { api, log: SILENT });
  const handler = (path: string) => ({ httpGet: { path, port: address.port, scheme: "HTTP" }, timeout: "1s" });
  const hooks = createHostHooks(
    {
      before: handler("/freeze"),
      after: handler("/thaw"),
      afterPolicy: undefined,
      beforeType: "preBackup",
      afterType: "postBackup",
      recorded: [],
      hostname: "host-0",
      podUid: "uid-pod",
      ...given,
    },
    { podIp: "127.0.0.1", reporter, log: SILENT, now: () => new Date(), ...(signal !== undefined && { signal }) },
  );
  return { hooks, calls };
}

const metadata = { uid: "uid-run" };

test("a before-hook runs when its intent is stored, and its after-hook follows", async () => {
  const { hooks, calls } = await aStage({ kind: "ok", object: { metadata, spec: {} } });
  await hooks.before(SUMMARY);
  await hooks.after(SUMMARY, false);
  expect(calls).toEqual(["/freeze", "/thaw"]);
});

test("E4: commands for our own container run beside this process, one after the other, and their failure is told", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hooks-"));
  closers.push(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "told");
  const say = (script: string) => ({ exec: { command: ["sh", "-c", script] }, containerName: "stash" });
  const after = say(`echo "after {{ .Status.Phase }}" >>${file}; exit 3`);
  const { hooks } = await aStage({ kind: "ok", object: { metadata, spec: {} } }, undefined, {
    before: say(`echo before >${file}`),
    after,
  });
  await hooks.before(SUMMARY);
  expect(await hooks.after(SUMMARY, false)).toMatchObject({
    code: "HOOK_FAILED",
    message: "postBackup hook: sh: exit code 3",
  });
  expect(readFileSync(file, "utf8")).toBe("before\nafter Failed\n");
});

const CANCEL = { reason: "DEADLINE_EXCEEDED", message: "the session did not end" };
test.each<[string, ApiAnswer, AbortSignal | undefined, string]>([
  [
    "its order was taken back meanwhile",
    { kind: "ok", object: { metadata, spec: { cancel: CANCEL } } },
    undefined,
    CANCEL.message,
  ],
  ["its host run is gone", { kind: "gone", message: "not found" }, undefined, "the host was given up"],
  ["its work was stopped", { kind: "ok", object: { metadata } }, AbortSignal.abort(), "the host was given up"],
  [
    "its intent can't be stored within its time",
    { kind: "failed", error: new UserError("API_UNAVAILABLE", "down") },
    undefined,
    "could not be stored within 1 s",
  ],
])("D18: a before-hook never starts when %s, and owes nothing", async (_why, answer, signal, words) => {
  const { hooks, calls } = await aStage(answer, signal);
  await expect(hooks.before(SUMMARY)).rejects.toThrow(words);
  if (answer.kind !== "failed") await hooks.after(SUMMARY, false);
  expect(calls).toEqual([]);
});

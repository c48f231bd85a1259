/** Passwords of a repository: none that something else needs is written over. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { Command } from "../../../../shared/contract.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aRepository, runWorkPods } from "../../../support/cli/work-pods.ts";
import { KUBERNETES } from "../../../support/objects/resources.ts";

let api: MemoryApi;
let dir: string;

beforeEach(async () => {
  api = await startMemoryApi();
  dir = mkdtempSync(join(tmpdir(), "stash-key-"));
  writeFileSync(join(dir, "password"), "new\n");
  runWorkPods(api);
  api.executes = (command) =>
    command.includes(Command.AddKey) ? {} : { stdout: '[{"id":"0123abcd","current":true}]' };
  api.put(KUBERNETES.Secret, { metadata: { name: "backend", namespace: "shop" }, data: {} });
  api.put(KINDS.Repository, aRepository("store", "backend"));
});

afterEach(async () => {
  await api.stop();
  rmSync(dir, { recursive: true, force: true });
});

const change = (action: string) =>
  runLine(api, ["key", action, "store", `--new-password-file=${join(dir, "password")}`]);
const changed = () => api.calls.filter(({ line }) => !line.startsWith("GET"));

test("a Secret of this Repository alone gets the new password", async () => {
  api.put(KINDS.Repository, aRepository("other", "another-secret"));
  api.put(KINDS.Repository, { ...aRepository("elsewhere", "backend"), metadata: { name: "e", namespace: "else" } });
  const { exitCode, output, notes } = await change("passwd");
  expect({ exitCode, output }, notes).toEqual({ exitCode: 0, output: "Secret shop/backend has the new password\n" });
  expect(api.find(KUBERNETES.Secret, "shop", "backend")).toMatchObject({ stringData: { RESTIC_PASSWORD: "new" } });
});

test.each(["passwd", "update"])(
  "key %s: a Secret that other Repositories name, too, stays as it is",
  async (action) => {
    api.put(KINDS.Repository, aRepository("other", "backend"));
    // One that can't be read in full counts as well.
    api.put(KINDS.Repository, {
      metadata: { name: "odd", namespace: "shop" },
      spec: { backend: { storageSecretName: "backend", s3: 7 } },
    });
    const { exitCode, notes } = await change(action);
    expect(exitCode).toBe(1);
    expect(notes).toContain("Secret shop/backend is also the one of Repositories other, odd");
    expect(notes).toContain("give each Repository a Secret of its own");
    expect(changed()).toEqual([]);
  },
);

test("a key is added where the Secret is shared, too: nothing is written over", async () => {
  api.put(KINDS.Repository, aRepository("other", "backend"));
  expect(await change("add")).toMatchObject({ exitCode: 0, output: "key added\n" });
  expect(changed().filter(({ line }) => line.includes("secrets"))).toEqual([]);
});

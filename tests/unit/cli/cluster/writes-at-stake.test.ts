/** Every command that changes something: Ctrl-C while a write is not answered says that it may be done, and how to see whether. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aBatch, aSession } from "../../../support/cli/objects.ts";
import { aRepository, runWorkPods } from "../../../support/cli/work-pods.ts";

let api: MemoryApi;
const inShop = <T extends { readonly metadata: object }>(object: T) => ({
  ...object,
  metadata: { ...object.metadata, namespace: "shop" },
});

beforeEach(async () => {
  api = await startMemoryApi();
  api.put(KINDS.BackupBatch, inShop(aBatch()));
  api.put(KINDS.BackupSession, inShop(aSession()));
  api.put(KINDS.BackupSession, inShop(aSession({ name: "shop-2", phase: "Running" })));
  api.put(KINDS.Repository, aRepository("store", ""));
});

afterEach(() => api.stop());

/** Writes of dry runs and questions of rights keep nothing. */
const isWrite = (line: string) => /^(POST|PATCH) /.test(line) && !line.includes("/authorization.k8s.io/");

test.each([
  ["trigger shop", "backupsessions.stash.appscode.com shop-"],
  ["restore shop --name=back", "restorebatches.stash.appscode.com back -n shop"],
  ["restore shop --dry-run=server --timeout=10ms", "restorebatches.stash.appscode.com shop-plan-"],
  ["pause shop", "backupbatches.stash.appscode.com shop -n shop"],
  ["cancel session/shop-2", "backupsessions.stash.appscode.com shop-2 -n shop"],
  ["create repository r --provider=gcs --bucket=b --secret=s", "repositories.stash.appscode.com r -n shop"],
  ["copy repository store --to-namespace=other", "repositories.stash.appscode.com store -n other"],
  ["check store", "jobs.batch stash-check-"],
])("%s", async (line, look) => {
  runWorkPods(api, { terminated: { exitCode: 0 } });
  const open = new Set<string>();
  const seen: string[] = [];
  api.refuses = (call) => {
    if (isWrite(call.line)) seen.push(...open);
    return undefined;
  };
  const atStake = (text: string) => {
    open.add(text);
    return () => void open.delete(text);
  };
  await runLine(api, line.split(" "), { atStake });
  expect(seen).toContainEqual(expect.stringContaining(`see whether: kubectl get ${look}`));
  expect([...open]).toEqual([]);
});

test("a write that fails is answered, too", async () => {
  api.refuses = ({ line }) => (isWrite(line) ? 403 : undefined);
  const open = new Set<string>();
  const atStake = (text: string) => {
    open.add(text);
    return () => void open.delete(text);
  };
  const { exitCode } = await runLine(api, ["trigger", "shop"], { atStake });
  expect([exitCode, [...open]]).toEqual([1, []]);
});

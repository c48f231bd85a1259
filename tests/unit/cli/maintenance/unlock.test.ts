/** `unlock` takes away all locks, so it must know that none is in use. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { JOBS, PODS } from "../../../../cli/cluster/resources.ts";
import { buildWorkJob } from "../../../../cli/repository-work/build-work-job.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRepository } from "../../../../shared/api/repository.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aRepository, aWorkPod, runWorkPods } from "../../../support/cli/work-pods.ts";

const ENDED = { terminated: { exitCode: 0 } };
let api: MemoryApi;

beforeEach(async () => {
  api = await startMemoryApi();
  runWorkPods(api, ENDED);
  putRepository({});
});

afterEach(() => api.stop());

function putRepository(status: object): void {
  api.put(KINDS.Repository, { ...aRepository("store", "backend"), status });
}

function putJob(repository: string, status: object = {}): string {
  const job = buildWorkJob({
    repository: parseRepository(aRepository(repository, "backend")),
    namespace: { name: "shop", labels: {}, annotations: {} },
    image: { image: "stash-batch:1", command: undefined, pullSecrets: [] },
    what: "prune",
    suffix: "0123abcd",
    args: [],
    serviceAccount: undefined,
  });
  api.put(JOBS, { ...job, status });
  return job.metadata.name;
}

const unlock = (...flags: readonly string[]) => runLine(api, ["unlock", "store", ...flags]);
const madeJobs = () => api.calls.filter(({ line }) => line.startsWith("POST") && line.endsWith("/jobs"));

async function expectRefused(words: string): Promise<void> {
  const { exitCode, notes } = await unlock();
  expect(exitCode, notes).toBe(1);
  expect(notes).toContain(words);
  expect(madeJobs()).toEqual([]);
  expect((await unlock("--force")).exitCode).toBe(0);
  expect(madeJobs()).toHaveLength(1);
}

test("of a Repository that nobody uses the locks go", async () => {
  const run = { phase: "Succeeded", startedAt: "2030-01-01T00:00:00Z" };
  putRepository({ maintenanceRuns: [run, { ...run, phase: "Running" }] });
  const { exitCode, notes } = await unlock();
  expect(exitCode, notes).toBe(0);
  expect(madeJobs()).toHaveLength(1);
});

test("a maintenance at work keeps its lock", async () => {
  putRepository({ maintenanceRuns: [{ phase: "Running", startedAt: "2030-01-01T00:00:00Z" }] });
  await expectRefused("is in use by its maintenance of 2030-01-01T00:00:00Z");
});

test("a Job that somebody's command made keeps its lock", async () => {
  const job = putJob("store");
  await expectRefused(`is in use by Job shop/${job}`);
});

test.each<readonly [string, () => void]>([
  ["of another Repository", () => void putJob("other")],
  ["that has ended", () => void putJob("store", { conditions: [{ type: "Complete", status: "True" }] })],
  ["that has failed", () => void putJob("store", { conditions: [{ type: "Failed", status: "True" }] })],
  [
    "whose pod has ended",
    () => {
      const { metadata, ...pod } = aWorkPod(putJob("store"), ENDED);
      const labels = { ...metadata.labels, "app.kubernetes.io/component": "stash-repository-work" };
      api.put(PODS, { ...pod, metadata: { ...metadata, labels } });
    },
  ],
])("a Job %s holds nothing", async (_what, put) => {
  put();
  const { exitCode, notes } = await unlock();
  expect(exitCode, notes).toBe(0);
});

test("what may not be seen may be at work", async () => {
  putRepository({ references: [{ kind: "BackupBatch", namespace: "elsewhere", name: "nightly" }] });
  api.refuses = ({ line }) => (line.includes("/namespaces/elsewhere/") ? 403 : undefined);
  await expectRefused("may be in use: ");
  api.calls.length = 0;
  putRepository({});
  api.refuses = ({ line }) => (/^GET .*\/shop\/jobs$/.test(line) ? 403 : undefined);
  await expectRefused("may be in use: ");
});

/** Jobs of commands: none is left without a word, and an API server that is away for a moment ends nothing. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { browse } from "../../../support/cli/browsed-repository.ts";
import { type ApiCall, type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aRepository, jobsOf, runWorkPods } from "../../../support/cli/work-pods.ts";

const NOT_STARTED = { waiting: { reason: "ErrImagePull", message: "no such image" } };
const ENDED = { terminated: { exitCode: 0 } };
let api: MemoryApi;

beforeEach(async () => {
  api = await startMemoryApi();
  api.put(KINDS.Repository, aRepository("store", "backend"));
  api.executes = browse([{ id: "abcd0000", hostname: "web-0", paths: ["/data"] }]);
});

afterEach(() => api.stop());

const LINES = ["check store", "delete snapshot store-abcd0000", "ls shop-1:web --repository=store"];

/** Fails so many calls that match, once there is a Job, as a server that is restarted does. */
function failFirst(count: number, matches: RegExp): void {
  let failed = 0;
  api.refuses = ({ line }: ApiCall) =>
    matches.test(line) && jobsOf(api).length > 0 && failed++ < count ? 503 : undefined;
}

test.each(LINES)("a Job that does not start is gone when that is told: %s", async (line) => {
  runWorkPods(api, NOT_STARTED);
  const { exitCode, notes } = await runLine(api, line.split(" "));
  expect(exitCode).toBe(1);
  expect(notes).toMatch(/does not start: ErrImagePull: no such image/);
  expect(jobsOf(api)).toEqual([]);
});

test.each(LINES)("a Job that can't be taken away is told with the command that does it: %s", async (line) => {
  runWorkPods(api, NOT_STARTED);
  api.refuses = ({ line }) => (line.startsWith("DELETE") ? 403 : undefined);
  const { exitCode, notes } = await runLine(api, line.split(" "));
  expect(exitCode).toBe(1);
  expect(notes).toMatch(/^Job shop\/(stash-\S+) is left .*; remove it: kubectl delete job \1 -n shop$/m);
});

test.each<readonly [string, RegExp]>([
  ["the list of pods", /^GET .*\/pods$/],
  ["the pod", /^GET .*\/pods\/[^/]+$/],
  ["the log", /\/log$/],
])("%s may fail some times", async (_what, matches) => {
  runWorkPods(api, ENDED);
  failFirst(2, matches);
  const { exitCode, notes } = await runLine(api, ["check", "store"]);
  expect(exitCode, notes).toBe(0);
  expect(notes).toMatch(/^still waiting: /m);
});

test("what is refused for good ends the command, and what goes on is told", async () => {
  runWorkPods(api, ENDED);
  api.refuses = ({ line }) => (/\/log$/.test(line) ? 403 : undefined);
  const { exitCode, notes } = await runLine(api, ["check", "store"]);
  expect(exitCode).toBe(1);
  expect(notes).toMatch(
    /^Job shop\/(stash-check-\S+) goes on in the cluster; see how: .*; stop it: kubectl delete job \1/m,
  );
});

test.each([
  [11, "REPOSITORY_LOCKED: Another restic process holds", "where it is gone: kubectl stash unlock store -n shop"],
  [12, "REPOSITORY_WRONG_PASSWORD: ", "RESTIC_PASSWORD"],
  [1, "failed with exit code 1 (next: look at what it said; kubectl logs", "kubectl logs"],
])("restic's exit code %i is told in words, of work and of a look into a backup", async (exitCode, words, next) => {
  runWorkPods(api, { terminated: { exitCode } });
  const work = await runLine(api, ["prune", "store"]);
  expect(work.exitCode).toBe(1);
  expect(work.notes).toContain(words);
  expect(work.notes).toContain(next);
  runWorkPods(api);
  api.executes = () => ({ exitCode, stderr: "Fatal: it holds it\n" });
  const look = await runLine(api, ["ls", "shop-1:web", "--repository=store", "-o", "json"]);
  const code = words.startsWith("REPOSITORY") ? words.split(":")[0] : "RESTIC_FAILED";
  expect(JSON.parse(look.output)).toMatchObject({ error: { code, message: expect.stringContaining("it holds it") } });
  expect(jobsOf(api).filter((job) => JSON.stringify(job).includes("repository-shell"))).toEqual([]);
});

/** `restore --dry-run`: the one of the client reads alone, the one of the server leaves nothing behind wherever it ends. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { isJsonObject, textAt, valueAt } from "../../../../shared/json/value.ts";
import { type MemoryApi, runLine, startMemoryApi } from "../../../support/cli/memory-api.ts";
import { aBatch, aSession } from "../../../support/cli/objects.ts";
import { aRepository } from "../../../support/cli/work-pods.ts";
import { KUBERNETES } from "../../../support/objects/resources.ts";

const RESTORES = "/apis/stash.appscode.com/v1beta1/namespaces/shop/restorebatches";
const inShop = (object: { readonly metadata: object }) => ({
  ...object,
  metadata: { ...object.metadata, namespace: "shop" },
});
const tried = (change: object = {}) => ({
  newFiles: 1,
  changedFiles: 2,
  sameFiles: 3,
  totalBytes: 4_096,
  writtenBytes: 2_048,
  overwritten: ["/data/a", "/data/b"],
  ...change,
});
const ref = (kind: string, name: string) => ({ apiVersion: "apps/v1", kind, name });

/** As the reconciler leaves a dry run of both members. */
const DONE = {
  phase: "Succeeded",
  recoveryPoint: {
    session: "shop-9",
    time: "2030-01-01T00:00:00Z",
    snapshots: [
      { target: ref("StatefulSet", "db"), hostname: "db-0", path: "/data", id: "dbdbdbdb00" },
      { target: ref("Deployment", "web"), hostname: "web", path: "/data", id: "webwebwe00" },
    ],
  },
  plan: [
    { alias: "db", kind: "StatefulSet", name: "db", step: 1, by: "init-container of its pods", restarts: "its 2 pods" },
    {
      ...{ alias: "web", kind: "Deployment", name: "web", step: 2, by: "init-container of its pods" },
      ...{ restarts: "its pod", waitsFor: ["BackupSession shop-10 works on the same target"] },
    },
  ],
  members: [
    {
      ref: ref("StatefulSet", "db"),
      alias: "db",
      phase: "Succeeded",
      stats: [
        { hostname: "db-0", phase: "Succeeded", tried: tried() },
        { hostname: "db-1", phase: "Succeeded", tried: tried({ newFiles: 10, overwritten: ["/data/c"] }) },
      ],
    },
    {
      ref: ref("Deployment", "web"),
      alias: "web",
      phase: "Succeeded",
      message: "files are not known: no pod with a running sidecar has host web (Deployment shop/web)",
    },
  ],
};

let api: MemoryApi;
let status: object | undefined;

beforeEach(async () => {
  api = await startMemoryApi();
  status = DONE;
  api.put(KINDS.BackupBatch, inShop(aBatch()));
  api.put(KINDS.BackupSession, inShop(aSession()));
  api.put(KINDS.Repository, aRepository("store", "backend"));
  api.put(KUBERNETES.Deployment, { metadata: { name: "web", namespace: "shop" }, spec: { replicas: 1 } });
  api.reacts = ({ line, body }) => {
    if (line === `POST ${RESTORES}` && isJsonObject(body) && valueAt(body, "spec", "dryRun") === true && status) {
      api.put(KINDS.RestoreBatch, { ...body, status });
    }
  };
});

afterEach(() => api.stop());

const restore = (...flags: readonly string[]) => runLine(api, ["restore", "shop", ...flags]);
const writes = () => api.calls.map(({ line }) => line).filter((line) => !line.startsWith("GET "));
const left = () => api.list(KINDS.RestoreBatch, "shop");

describe("--dry-run of the client", () => {
  test.each([["--dry-run"], ["--dry-run=client"], ["--dry-run=true"], ["--dry-run", "-o", "json"]])(
    "reads alone, and says that restic was not asked: %j",
    async (...flags) => {
      const { exitCode, output, notes } = await restore("--at", "2 hours ago", ...flags);
      expect({ exitCode, notes }).toEqual({ exitCode: 0, notes: "" });
      expect(writes()).toEqual([]);
      expect(api.calls.length).toBeGreaterThan(0);
      if (flags.includes("json")) expect(JSON.parse(output)).toMatchObject({ plan: { members: [{ name: "db" }, {}] } });
      else {
        expect(output).toContain("a dry run, nothing was changed");
        expect(output).toContain("Files are not known: restic was not asked, --dry-run=server asks it.");
      }
    },
  );

  test("tells what the webhook would refuse", async () => {
    const { exitCode, notes } = await restore("--dry-run", "--name=Not_A_Name");
    expect({ exitCode, notes }).toEqual({ exitCode: 1, notes: expect.stringMatching(/Not_A_Name: metadata\.name: /) });
    expect(writes()).toEqual([]);
  });

  test("none is no dry run, and a mode that there is not is refused before anything is asked", async () => {
    expect(await restore("--dry-run=sever")).toMatchObject({ exitCode: 2 });
    expect(api.calls).toEqual([]);
    expect(await restore("--dry-run=none", "--name=back")).toMatchObject({ exitCode: 0 });
    expect(left().map((one) => textAt(one, "metadata", "name"))).toEqual(["back"]);
  });
});

describe("--dry-run=server", () => {
  test("tells the point, files and bytes as the cluster found them, and leaves nothing", async () => {
    const { exitCode, output, notes } = await restore("--dry-run=server", "--name=back");
    expect({ exitCode, notes }).toEqual({
      exitCode: 0,
      notes: expect.stringMatching(/^restorebatches\/shop-plan-[0-9a-f]{6} made in shop\n$/),
    });
    expect(output).toContain("RestoreBatch shop/back: a dry run, nothing was changed");
    expect(output).toContain("Point       shop-9 of 2030-01-01T00:00:00Z");
    expect(output).toMatch(
      /^1 +db +StatefulSet shop\/db +init-container of its pods +dbdbdbdb +8\.000 KiB +its 2 pods$/m,
    );
    expect(output).toMatch(/^2 +web .* webwebwe .* its pod$/m);
    expect(output).toContain("db: 11 new, 4 written over, 6 the same; 4.000 KiB of 8.000 KiB are written");
    expect(output).toContain("writes over /data/c");
    expect(output).toContain("web: not known: no pod with a running sidecar has host web (Deployment shop/web)");
    expect(output).toContain("It would wait for:\n  BackupSession shop-10 works on the same target");
    expect(output).not.toContain("restic was not asked");
    expect(left()).toEqual([]);
    // First the real one, which the API server keeps nothing of.
    const posted = api.calls.filter(({ line }) => line === `POST ${RESTORES}`).map(({ body }) => body);
    expect(posted.map((body) => [textAt(body, "metadata", "name"), valueAt(body, "spec", "dryRun")])).toEqual([
      ["back", undefined],
      [expect.stringMatching(/^shop-plan-/), true],
    ]);
  });

  test("-o json has the numbers, -o yaml is the RestoreBatch that was planned and makes none", async () => {
    const { output } = await restore("--dry-run=server", "-o", "json");
    expect(JSON.parse(output)).toMatchObject({
      restore: { kind: "RestoreBatch" },
      plan: {
        point: { session: "shop-9" },
        members: [
          { files: { kind: "tried", files: { newFiles: 11, writtenBytes: 4_096 } } },
          { files: { kind: "unknown" } },
        ],
      },
    });
    expect(JSON.parse(output).restore.spec).not.toHaveProperty("dryRun");
    const before = api.calls.length;
    expect((await restore("--dry-run=server", "-o", "yaml")).output).not.toContain("dryRun");
    const made = api.calls.slice(before).filter(({ body }) => valueAt(body, "spec", "dryRun") === true);
    expect(made).toEqual([]);
  });

  test("hosts that were not tried are told beside those that were", async () => {
    const [db, web] = DONE.members;
    const message = "files are not known: no pod with a running sidecar has host db-1 (StatefulSet shop/db)";
    status = { ...DONE, members: [{ ...db, message, stats: db?.stats?.slice(0, 1) }, web] };
    const { output } = await restore("--dry-run=server");
    expect(output).toContain("db: 1 new, 2 written over, 3 the same");
    expect(output).toContain("not in these numbers: no pod with a running sidecar has host db-1");
  });

  test("one that would fail says why and what to do, with exit code 1, and leaves nothing", async () => {
    status = { phase: "Failed", reason: "RECOVERY_POINT_NOT_FOUND", message: "there are shop-1 and shop-2" };
    const { exitCode, notes, output } = await restore("--dry-run=server", "-o", "json");
    expect(exitCode).toBe(1);
    expect(notes).toMatch(/error: it would fail: RECOVERY_POINT_NOT_FOUND: there are shop-1 and shop-2 \(next: Choose/);
    expect(JSON.parse(output)).toMatchObject({ failure: { message: expect.stringContaining("there are shop-1") } });
    expect(left()).toEqual([]);
  });

  test("one that nobody looks at ends with its time, and leaves nothing", async () => {
    status = undefined;
    const { exitCode, notes } = await restore("--dry-run=server", "--timeout=20ms");
    expect({ exitCode, notes }).toEqual({
      exitCode: 1,
      notes: expect.stringMatching(/did not end in time: no reconciler has looked at it \(next: .*doctor/),
    });
    expect(left()).toEqual([]);
  });

  test("while it waits it is told for what", async () => {
    status = { phase: "Pending", reason: "RepositoryBusy", message: "a maintenance is at work" };
    const { notes } = await restore("--dry-run=server", "--timeout=20ms");
    expect(notes).toContain("still waiting: RepositoryBusy: a maintenance is at work\n");
  });

  test("what the API server refuses is made by nobody", async () => {
    api.refuses = ({ line }) => (line === `POST ${RESTORES}` ? 422 : undefined);
    const { exitCode } = await restore("--dry-run=server");
    expect(exitCode).toBe(1);
    expect(writes()).toEqual([`POST ${RESTORES}`]);
  });

  test("an object that can't be taken away is told with the command that does", async () => {
    api.refuses = ({ line }) => (line.startsWith("DELETE") ? 403 : undefined);
    const { exitCode, notes, output } = await restore("--dry-run=server");
    expect(exitCode).toBe(0);
    expect(output).toContain("11 new");
    expect(notes).toMatch(
      /^left behind: restorebatches shop\/(shop-plan-\w+) \(.+\); remove it: kubectl delete restorebatches\.stash\.appscode\.com \1 -n shop$/m,
    );
  });

  test("one that somebody deletes meanwhile is told", async () => {
    status = { phase: "Running" };
    api.reacts = ({ line }) => {
      if (line === `POST ${RESTORES}`) setImmediate(() => api.list(KINDS.RestoreBatch, "shop").forEach(forget));
    };
    const forget = (one: unknown) => void api.remove(KINDS.RestoreBatch, "shop", textAt(one, "metadata", "name") ?? "");
    const { exitCode, notes } = await restore("--dry-run=server");
    expect(exitCode).toBe(1);
    expect(notes).toContain("is gone before it had told its plan");
  });
});

/** At each moment: before the API server has answered, and while it is waited for. */
test.each(["before it is known to be there", "while it waits"])("Ctrl-C %s takes it away", async (moment) => {
  let tidy: (() => Promise<void>) | undefined;
  const texts: (string | undefined)[] = [];
  status = { phase: "Running" };
  const leavesBehind = (text: string | undefined, takesAway?: () => Promise<void>) => {
    texts.push(text);
    tidy = takesAway;
  };
  let ended: Promise<void> | undefined;
  const interrupt = () => {
    ended ??= tidy?.();
  };
  if (moment.startsWith("before")) {
    api.refuses = ({ line, body }) => {
      if (line === `POST ${RESTORES}` && valueAt(body, "spec", "dryRun") === true) interrupt();
      return undefined;
    };
  } else {
    const react = api.reacts;
    api.reacts = (call) => {
      react(call);
      if (valueAt(call.body, "spec", "dryRun") === true) setTimeout(interrupt, 50);
    };
  }
  const { exitCode } = await runLine(api, ["restore", "shop", "--dry-run=server", "--timeout=5s"], { leavesBehind });
  expect(ended).toBeDefined();
  await ended;
  expect(exitCode).toBe(1);
  expect(left()).toEqual([]);
  expect(texts.find((text) => text !== undefined)).toMatch(/remove it: kubectl delete restorebatches\.\S+ shop-plan-/);
  expect(texts.at(-1)).toBeUndefined();
});

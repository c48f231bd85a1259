/** The turn of a drill's Job, from its order to the last report: by real restic, with the API server's part kept in memory. */
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AgentApi } from "../../agent/kube/api.ts";
import type { ApiIdentity } from "../../agent/kube/identity.ts";
import { runVerifyTurn } from "../../agent/verify/turn.ts";
import { createStopper } from "../../agent/work/stop.ts";
import { type HostRun, type HostRunSpec, parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { createResticWorld, type ResticWorld } from "../support/restic/restic-world.ts";

const identity: ApiIdentity = { host: "127.0.0.1", port: 1, namespace: "demo", ca: () => "", token: () => "" };

let world: ResticWorld;
let away: string;
let id: string;

beforeEach(async () => {
  world = await createResticWorld();
  const restic = await world.open();
  away = join(world.dir, "away");
  mkdirSync(away);
  for (const name of ["one", "two"]) writeFileSync(join(world.data, name), name);
  const [outcome] = await world.backup(restic);
  id = outcome?.kind === "saved" ? (outcome.snapshot.name ?? "") : "";
  await world.restore(restic, { targetFolder: away });
});

afterEach(() => world?.stop());

/** Merges reports into one object, and has it read by the schema that the API server would hold it to. */
function fakeApi(run: HostRun) {
  let status: Readonly<Record<string, unknown>> = {};
  const phases: unknown[] = [];
  const whole = () => ({ ...run, status });
  const api: AgentApi = {
    identity,
    get: async () => ({ kind: "ok", object: whole() }),
    create: async () => ({ kind: "gone", message: "nothing is made here" }),
    async patchStatus(_object, patch) {
      const fields = isJsonObject(patch) && isJsonObject(patch["status"]) ? patch["status"] : {};
      const kept = Object.entries({ ...status, ...fields }).filter(([, value]) => value !== null);
      status = Object.fromEntries(kept);
      if (typeof fields["phase"] === "string") phases.push(fields["phase"]);
      return { kind: "ok", object: parseHostRun(JSON.parse(JSON.stringify(whole()))) };
    },
  };
  return { api, phases, read: () => parseHostRun(JSON.parse(JSON.stringify(whole()))).status };
}

function order(spec: Partial<HostRunSpec> = {}): HostRun {
  return parseHostRun({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: KINDS.HostRun.kind,
    metadata: { name: "drill-1", namespace: "demo", uid: "u" },
    spec: {
      work: "Verify",
      run: { kind: "BackupVerificationSession", name: "drill" },
      host: "verify",
      pod: { name: "p", uid: "p" },
      repository: {
        name: "repo",
        namespace: "demo",
        backend: { ...world.localBackend, storageSecretName: "backend-0" },
      },
      verify: {
        members: [
          {
            alias: "web",
            model: "Files",
            snapshots: [{ id, host: "host-0", path: world.data, restoredTo: join(away, world.data) }],
          },
        ],
      },
      ...spec,
    },
  });
}

async function turn(run: HostRun, before: (stopper: ReturnType<typeof createStopper>) => void = () => undefined) {
  const { api, phases, read } = fakeApi(run);
  const stopper = createStopper();
  before(stopper);
  const phase = await runVerifyTurn(run, {
    settings: {
      flags: new Map(),
      env: { PATH: process.env["PATH"] },
      pod: { name: "p", uid: "p", namespace: "demo", nodeName: undefined, ip: undefined, ordinal: undefined },
      target: { kind: "", namespace: "demo", name: "" },
      targetKey: "",
      scratch: join(world.dir, "scratch"),
      secretsRoot: join(world.dir, "secrets"),
      isCacheEnabled: true,
      memoryLimitBytes: undefined,
      identity,
      log: world.log,
    },
    api,
    runs: {
      list: () => [run],
      get: () => run,
      changed: () => new Promise(() => undefined),
      onChange: () => () => undefined,
      ended: Promise.resolve(),
    },
    stopper,
    log: world.log,
    dead: () => [],
    now: () => new Date(),
  });
  return { phase, phases, status: read() };
}

test("what came back whole is Succeeded, with all facts and the version that compared", async () => {
  const { phase, phases, status } = await turn(order());
  expect(phase).toBe("Succeeded");
  expect(phases).toEqual(["Running", "Succeeded"]);
  expect(status).toMatchObject({
    starts: 1,
    verified: {
      resticVersion: expect.stringMatching(/^0\.18\./),
      members: [{ alias: "web", files: 3, compared: 2, comparedBytes: 6, findingCount: 0 }],
    },
  });
  expect(status?.error).toBeUndefined();
});

test("one finding makes it Failed, with its code, and the facts are told all the same", async () => {
  unlinkSync(join(away, world.data, "one"));
  const { phase, status } = await turn(order());
  expect(phase).toBe("Failed");
  expect(status).toMatchObject({
    reason: "RESTORED_FILE_MISSING",
    error: expect.stringContaining(`web: ${join(world.data, "one")}`),
    verified: { members: [{ compared: 1, findingCount: 1 }] },
  });
});

test("an order that says nothing of what was restored, or has no repository, is Failed", async () => {
  const { verify: _nothing, ...spec } = order().spec;
  const without = { ...order(), spec };
  expect((await turn(without)).status).toMatchObject({ phase: "Failed", reason: "INTERNAL" });
  const lost = { ...order(), spec: { ...order().spec, repository: { name: "repo", namespace: "demo" } } };
  expect((await turn(lost)).status).toMatchObject({ phase: "Failed", reason: "BACKEND_INVALID" });
});

test("one that died of its work three times is not tried again", async () => {
  const run = { ...order(), status: { starts: 3 } };
  expect((await turn(run)).status).toMatchObject({ phase: "Failed", reason: "AGENT_RESTARTED" });
});

test("a drill that gives way ends with the reason of its order", async () => {
  const { phase, status } = await turn(order(), (stopper) =>
    stopper.stop({ kind: "failed", error: new UserError("CANCELLED", "a restore was asked for") }),
  );
  expect(phase).toBe("Failed");
  expect(status?.verified).toBeUndefined();
  expect(status).toMatchObject({ reason: "CANCELLED", error: expect.stringContaining("a restore was asked for") });
});

test("a turn that is another pod's now tells nothing more", async () => {
  const { phase, phases } = await turn(order(), (stopper) => stopper.stop({ kind: "lost" }));
  expect(phase).toBeUndefined();
  expect(phases).toEqual(["Running"]);
});

/** A drill whose controllers are killed at their writes, with the answer unread and before the next: it ends all the same, and leaves nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { type PlaneWithoutNodes, startPlaneWithoutNodes } from "../support/plane-without-nodes.ts";
import { type DrillStand, startDrillStand } from "../support/verification/drill-stand.ts";
import type { Death } from "../support/verification/mortal-controller.ts";
import type { Holding } from "../support/verification/stand-in-others.ts";

/** What each controller of a drill does before it dies: after one write each, every state that the writes leave is begun from. */
const DEATHS: readonly Death[] = [
  { writes: 1, isBeforeNext: false },
  { writes: 1, isBeforeNext: true },
  { writes: 2, isBeforeNext: false },
];
const STANDS = DEATHS.length;
const MIN_KILLS = 50;

let plane: PlaneWithoutNodes;
let client: KubeClient;
let stands: readonly DrillStand[];

beforeAll(async () => {
  plane = await startPlaneWithoutNodes();
  ({ client } = await openTestClient(plane.kubeconfigPath));
  stands = await Promise.all(Array.from({ length: STANDS }, (_, at) => startDrillStand(client, `proof-kill-${at}`)));
}, 120_000);

afterAll(async () => {
  await Promise.all((stands ?? []).map((stand) => stand.stop()));
  client?.close();
  await plane?.stop();
});

/** Runs a drill, and holds it to what must be true of each that is not interrupted. */
async function expectProven(stand: DrillStand, name: string, death?: Death) {
  const { drill, writes, kills } = await stand.run(name, death);
  const said = `${name} ${JSON.stringify(death)}: ${JSON.stringify(drill.status)}`;
  expect(drill.status?.phase, said).toBe("Succeeded");
  expect(await stand.left(), said).toEqual([]);
  const { namespace } = stand;
  const store = await client.get(KINDS.Repository, namespace, "store", asIs);
  expect(valueAt(store, "status", "points"), said).toMatchObject([{ proven: { by: name, session: "s-1" } }]);
  const batch = await client.get(KINDS.BackupBatch, namespace, "app", asIs);
  expect(valueAt(batch, "status", "lastProven"), said).toMatchObject({ by: name, session: "s-1" });
  expect(drill.status?.evidence, said).toContain(name);
  return { writes, kills };
}

test("killed at any write, a drill goes on to its end and leaves nothing", async () => {
  const ends = await Promise.all(stands.map((stand, lane) => expectProven(stand, `killed-${lane}`, DEATHS[lane])));
  for (const { kills, writes } of ends) expect(kills).toBeGreaterThanOrEqual(Math.floor(writes / 2) - 1);
  expect(ends.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThanOrEqual(MIN_KILLS);
}, 200_000);

/** One that only waits holds no drill. */
const AT_WORK = {
  phase: "Running",
  startTime: "2026-01-01T00:00:00Z",
  members: [{ ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" }, totalHosts: 1 }],
};

test("a drill gives way to a restore of the application at whatever step it is, and leaves nothing", async () => {
  const { apiVersion, kind } = KINDS.RestoreBatch;
  const restore = {
    apiVersion,
    kind,
    spec: {
      repository: { name: "store" },
      session: "s-1",
      members: [{ target: { alias: "web", ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } } }],
    },
  };
  const steps: readonly Holding[] = ["Starting", "Restoring", "Verifying"];
  await Promise.all(
    steps.map(async (from, lane) => {
      const stand = stands[lane];
      if (stand === undefined) throw new Error("no stand");
      const { namespace } = stand;
      const before = await client.get(KINDS.Repository, namespace, "store", asIs);
      stand.hold(from);
      const { drill } = await stand.run(`gives-way-${lane}`, undefined, async (step) => {
        if (step !== from) return;
        await client.create(KINDS.RestoreBatch, namespace, { ...restore, metadata: { name: "real", namespace } }, asIs);
        await client.patchStatus(
          KINDS.RestoreBatch,
          namespace,
          "real",
          { kind: "merge", body: { status: AT_WORK } },
          asIs,
        );
      });
      stand.hold(undefined);
      const { phase, reason, message } = drill.status ?? {};
      expect({ from, phase, reason }).toEqual({ from, phase: "Skipped", reason: "DRILL_GAVE_WAY" });
      expect(message).toContain(`RestoreBatch ${namespace}/real`);
      expect(await stand.left()).toEqual([]);
      const after = await client.get(KINDS.Repository, namespace, "store", asIs);
      expect(valueAt(after, "status", "points")).toEqual(valueAt(before, "status", "points"));
      await client.delete(KINDS.RestoreBatch, namespace, "real");
    }),
  );
}, 120_000);

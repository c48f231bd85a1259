/** A drill whose controller is killed at each of its writes, before it reached the API server and after: it ends all the same, and leaves nothing. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { valueAt } from "../../shared/kube/json-value.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { type PlaneWithoutNodes, startPlaneWithoutNodes } from "../support/plane-without-nodes.ts";
import { type DrillStand, startDrillStand } from "../support/verification/drill-stand.ts";
import type { Death } from "../support/verification/mortal-controller.ts";
import type { Holding } from "../support/verification/stand-in-others.ts";

/** Drills mostly wait for the Job controller and the garbage collector. */
const STANDS = 6;
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
  const { drill, writes, wasKilled } = await stand.run(name, death);
  const said = `${name} ${JSON.stringify(death)}: ${JSON.stringify(drill.status)}`;
  expect(drill.status?.phase, said).toBe("Succeeded");
  expect(await stand.left(), said).toEqual([]);
  const { namespace } = stand;
  const store = await client.get(KINDS.Repository, namespace, "store", asIs);
  expect(valueAt(store, "status", "points"), said).toMatchObject([{ proven: { by: name, session: "s-1" } }]);
  const batch = await client.get(KINDS.BackupBatch, namespace, "app", asIs);
  expect(valueAt(batch, "status", "lastProven"), said).toMatchObject({ by: name, session: "s-1" });
  expect(drill.status?.evidence, said).toContain(name);
  return { writes, wasKilled };
}

test("killed at any write, a drill goes on to its end and leaves nothing", async () => {
  const [first] = stands;
  if (first === undefined) throw new Error("no stand");
  const { writes } = await expectProven(first, "whole");
  const deaths = Array.from({ length: writes }, (_, index) => index + 1).flatMap((at): Death[] => [
    { at, isAfter: false },
    { at, isAfter: true },
  ]);
  let kills = 0;
  await Promise.all(
    stands.map(async (stand, lane) => {
      for (const [index, death] of deaths.entries()) {
        if (index % STANDS !== lane) continue;
        const { wasKilled } = await expectProven(stand, `d-${death.at}-${death.isAfter ? "after" : "before"}`, death);
        if (wasKilled) kills += 1;
      }
    }),
  );
  expect(kills).toBeGreaterThanOrEqual(MIN_KILLS);
}, 400_000);

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

/** The status of a large run against a real API server: what has no room in it is in records, and nothing is lost. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { gatherRecords, withRecords } from "../../reconciler/run/record-runs.ts";
import { NOTHING_RECORDED } from "../../reconciler/run/records.ts";
import { wholeStatus } from "../../reconciler/run/whole-status.ts";
import { mergeStatus } from "../../reconciler/write/status-patch.ts";
import { type BackupSession, type BackupSessionStatus, parseBackupSession } from "../../shared/api/backup-session.ts";
import { parseHostRun } from "../../shared/api/host-run.ts";
import type { HostStats } from "../../shared/api/host-stats.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { eventually } from "../support/eventually.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { applyManifests, parseManifests } from "../support/objects/apply.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "large-status";
const NAME = "nightly-1";
const BUDGET = 262_144;
const signal = new AbortController().signal;

let client: KubeClient;

beforeAll(async () => {
  ({ client } = await openTestClient(sharedPlane().kubeconfigPath));
  const namespace = `{ apiVersion: v1, kind: Namespace, metadata: { name: ${NAMESPACE} } }`;
  await applyManifests(client, parseManifests(namespace));
});
afterAll(() => client?.close());

const read = (): Promise<BackupSession> => client.get(KINDS.BackupSession, NAMESPACE, NAME, parseBackupSession);

function ownerOf({ metadata }: BackupSession) {
  const { apiVersion, kind } = KINDS.BackupSession;
  return { apiVersion, kind, namespace: NAMESPACE, name: NAME, uid: metadata.uid ?? "" };
}

/** What a reconciler finds that has seen no host run yet. */
async function readWhole(): Promise<BackupSessionStatus> {
  const session = await read();
  const status = session.status ?? {};
  const recorded = await gatherRecords(client, ownerOf(session), status, new Map(), signal);
  return wholeStatus(status, recorded, "backup");
}

async function write(whole: BackupSessionStatus): Promise<void> {
  const session = await read();
  const owner = ownerOf(session);
  const before = session.status ?? {};
  const known =
    before.records === undefined ? NOTHING_RECORDED : await gatherRecords(client, owner, before, new Map(), signal);
  const after = await withRecords(client, owner, whole, known, signal);
  const address = { resource: KINDS.BackupSession, namespace: NAMESPACE, name: NAME };
  const { resourceVersion } = session.metadata;
  expect(await mergeStatus(client, address, { before, after, resourceVersion }, asIs)).toMatchObject({
    kind: "written",
  });
}

async function countRuns(): Promise<number> {
  return (await client.list(KINDS.HostRun, NAMESPACE, parseHostRun)).items.length;
}

function aStatus(phase: NonNullable<HostStats["phase"]>): BackupSessionStatus {
  const stats = Array.from({ length: 5_000 }, (_, at): HostStats => {
    const host = { hostname: `node-${at}`, phase, pod: `agent-${at}`, podUID: `uid-${at}`, attempt: 1 };
    return phase === "Running" ? host : { ...host, reason: "RESTIC_FAILED", error: `<&> "${at}" ${"e".repeat(300)}` };
  });
  return { phase: "Running", targets: [{ alias: "agent", phase: "Running", totalHosts: 5_000, stats }] };
}

test("D20: of 5,000 hosts that fail with long texts nothing is lost, no object is too large, and all of it goes with the session", async () => {
  const { apiVersion, kind } = KINDS.BackupSession;
  await client.create(
    KINDS.BackupSession,
    NAMESPACE,
    { apiVersion, kind, metadata: { name: NAME, namespace: NAMESPACE }, spec: {} },
    asIs,
  );
  for (const phase of ["Running", "Failed"] as const) {
    const whole = aStatus(phase);
    await write(whole);
    const stored = (await read()).status;
    expect(Buffer.byteLength(JSON.stringify(stored))).toBeLessThanOrEqual(BUDGET);
    expect(stored?.targets?.[0]?.unlisted?.[phase === "Running" ? "running" : "failed"]).toBeGreaterThan(3_000);
    expect(await readWhole()).toEqual(whole);
  }
  expect(await countRuns()).toBeGreaterThan(5);
  await client.delete(KINDS.BackupSession, NAMESPACE, NAME, { propagationPolicy: "Background" });
  await eventually(countRuns, 0, 120_000);
});

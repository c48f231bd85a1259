/** Records of a run in the API server: reads those that the informer does not show yet, and makes new ones. */
import { createHash } from "node:crypto";
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { isAlreadyExists } from "../../shared/kube/client/error.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { RunStatus } from "./facts.ts";
import { buildRecordRun, type HostRuns, type RunOwner } from "./host-runs.ts";
import { missingRecords, type Recorded, recordedIn, recordName } from "./records.ts";
import { STATUS_ROOM, type StatusRoom, sumUp } from "./sum-up.ts";

const DIGEST_LENGTH = 16;

/**
 * What the records of the stored status hold. One that is really gone is left out, and with it what it held.
 *
 * @param known host runs of this very run, by name, as the informer shows them
 * @throws KubeError when the API server can't be reached
 */
export async function gatherRecords(
  client: Pick<KubeClient, "find">,
  owner: RunOwner,
  stored: RunStatus,
  known: HostRuns,
  signal: AbortSignal,
): Promise<Recorded> {
  const missing = missingRecords(owner, stored.records, known);
  if (missing.length === 0) return recordedIn(owner, stored.records, known);
  const found = new Map(known);
  for (const name of missing) {
    const run = await client.find(KINDS.HostRun, owner.namespace, name, parseHostRun, { signal });
    if (run?.spec.run.uid === owner.uid) found.set(name, run);
  }
  return recordedIn(owner, stored.records, found);
}

/**
 * The status as it is to be stored, after what it leaves out is in records. A record has its content in its name: one that is
 * there already was made by an earlier try.
 *
 * @param whole as it was decided
 * @param recorded what the records of the stored status hold
 * @param room as in sumUp
 * @throws KubeError when the API server refuses or can't be reached; then nothing may be stored
 */
export async function withRecords<Status extends RunStatus>(
  client: Pick<KubeClient, "create">,
  owner: RunOwner,
  whole: Status,
  recorded: Recorded,
  signal: AbortSignal,
  room: StatusRoom = STATUS_ROOM,
): Promise<Status> {
  const { status, records } = sumUp(whole, recorded, room);
  if (records.length === 0) return status;
  const names = [...recorded.names];
  for (const pieces of records) {
    const digest = createHash("sha256").update(JSON.stringify(pieces)).digest("hex").slice(0, DIGEST_LENGTH);
    const name = `record-${names.length}-${digest}`;
    const record = buildRecordRun(owner, recordName(owner, name), name, { record: pieces });
    try {
      await client.create(KINDS.HostRun, owner.namespace, record, parseHostRun, { signal });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    names.push(name);
  }
  return { ...status, records: names };
}

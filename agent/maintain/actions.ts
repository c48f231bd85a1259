/** Work on the repository that the reconciler gave to a host: each action, from restic to its result. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import { REPOSITORY_MADE } from "../../shared/contract.ts";
import { assertNever, UserError } from "../../shared/errors.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { requireSnapshotId } from "../../shared/snapshots/id.ts";
import { listPoints } from "../../shared/snapshots/listed-points.ts";
import type { Verdict } from "../../shared/verdicts.ts";
import { ensureRepository } from "../restic/ensure-repository.ts";
import type { ResticExit } from "../restic/run.ts";
import type { Snapshot } from "../restic/snapshots.ts";
import { createIsOwn, planRetention } from "./decide-retention.ts";
import { hasRule } from "./keep-rules.ts";
import type { ActionPorts } from "./ports.ts";
import { call, removeOrphans, removeSnapshots } from "./remove-snapshots.ts";
import { writeKnown } from "./write-known.ts";

export type ActionFacts = Pick<
  HostActionResult,
  "message" | "kept" | "removed" | "totalSizeBytes" | "snapshotCount" | "integrity"
>;

/** A found damage is a result too: it says that the repository is not whole. */
export interface ActionFailure {
  readonly error: UserError;
  readonly integrity?: false;
}

export type ActionOutcome =
  | { readonly kind: "done"; readonly facts: ActionFacts }
  | { readonly kind: "failed"; readonly failure: ActionFailure };

async function collect(ports: ActionPorts, command: readonly string[], what: string): Promise<string> {
  const lines: string[] = [];
  const exit = await call(ports, command, lines);
  if (exit.code !== 0) throw ports.restic.fault(what, exit);
  return lines.join("\n");
}

async function applyRetention(ports: ActionPorts): Promise<ActionFacts> {
  const { policy, restic, signal } = ports;
  const scope = ports.scope();
  if (policy === undefined) throw new UserError("INVALID_OBJECT", "the invoker has no retentionPolicy");
  if (!hasRule(policy)) {
    return { message: `policy ${policy.name ?? ""} has no keep rule that counts, so nothing is removed`, removed: 0 };
  }
  if (scope.invokerTag === undefined) {
    return { message: "it is not known yet which cluster this is, so nothing is removed", removed: 0 };
  }
  let verdicts: readonly Verdict[] = [];
  let unmatched: readonly Verdict[] = [];
  const listed = await restic.snapshots(
    {},
    {
      signal,
      keep: createIsOwn(scope),
      onVerdicts: (found) => {
        verdicts = found;
      },
      onUnmatched: (found) => {
        unmatched = found;
      },
    },
  );
  const own = await writeKnown(listed, scope, ports);
  const written = own.filter((one, at) => one !== listed[at]).length;
  const plan = planRetention(own, policy, scope);
  if (policy.dryRun === true) {
    ports.onListed?.({ points: listPoints(own, plan.keptBy), snapshots: own, verdicts: verdicts.length + written });
    const ids = plan.remove.map((id) => id.slice(0, 8)).join(", ");
    return { kept: plan.kept + plan.remove.length, removed: 0, message: `dry run: would remove ${ids || "nothing"}` };
  }
  const byId = new Map(own.map((snapshot) => [snapshot.id, snapshot]));
  const removed = plan.remove.flatMap((id) => byId.get(id) ?? []);
  await removeSnapshots(removed, ports);
  for (const { id } of removed) byId.delete(id);
  const rest = [...byId.values()];
  const gone = new Set(removed.flatMap(({ verdicts: of = [] }) => of));
  const left = verdicts.filter(({ id }) => !gone.has(id));
  const tell = (count: number) =>
    ports.onListed?.({ points: listPoints(rest, plan.keptBy), snapshots: rest, verdicts: count });
  tell(left.length + written);
  const orphans = await removeOrphans(unmatched, ports);
  if (orphans > 0) tell(left.length + written - orphans);
  return { kept: plan.kept, removed: plan.remove.length };
}

async function prune(ports: ActionPorts): Promise<ActionFacts> {
  const exit = await ports.withLock(() => call(ports, ["prune"]));
  if (exit.code !== 0) throw ports.restic.fault("prune", exit);
  return { message: "what no snapshot needs is gone" };
}

/** An id may have changed since it was told: restic makes a snapshot anew when its tags change, and keeps the first id in it. */
async function deleteSnapshots(ports: ActionPorts): Promise<ActionFacts> {
  const { restic, signal, deleted = [] } = ports;
  for (const id of deleted) requireSnapshotId(id, "actionParams.snapshots");
  const wanted = new Set(deleted);
  const isWanted = ({ id, original }: Snapshot) => wanted.has(id) || wanted.has(original ?? "");
  const found = await restic.snapshots({}, { signal, keep: isWanted });
  await removeSnapshots(found, ports);
  // Also where none is left: an earlier try may have been stopped in between.
  await prune(ports);
  return { removed: found.length, message: "they are gone, and the data that nothing else needs with them" };
}

const MAX_FAULTS_TOLD = 5;

/** Lines in which restic check tells what it found. */
function faultsIn(exit: ResticExit): string {
  const lines = exit.tail.filter((line) => /error|damaged|missing|not found/i.test(line) && !line.startsWith("Fatal:"));
  return lines.slice(0, MAX_FAULTS_TOLD).join("; ");
}

async function check(ports: ActionPorts, flags: readonly string[]): Promise<ActionOutcome> {
  const { restic } = ports;
  const exit = await ports.withLock(() => call(ports, ["check", ...flags]));
  if (exit.code === 0) return { kind: "done", facts: { integrity: true, message: "no errors were found" } };
  const error = restic.fault("check", exit);
  if (error.code !== "REPOSITORY_DAMAGED") return { kind: "failed", failure: { error } };
  const found = faultsIn(exit);
  const told = new UserError("REPOSITORY_DAMAGED", restic.clean(`${error.message}${found && `: ${found}`}`));
  return { kind: "failed", failure: { error: told, integrity: false } };
}

/** restic 0.19.0 writes its progress before it. */
function parseLastObject(output: string): unknown {
  const line = output.split("\n").findLast((text) => text.startsWith("{"));
  try {
    return JSON.parse(line ?? "");
  } catch {
    return undefined;
  }
}

async function measure(ports: ActionPorts): Promise<ActionFacts> {
  const output = await collect(ports, ["stats", "--json", "--mode", "raw-data", "--no-lock"], "size of the repository");
  const stats = parseLastObject(output);
  const size = isJsonObject(stats) ? stats["total_size"] : undefined;
  const count = isJsonObject(stats) ? stats["snapshots_count"] : undefined;
  if (typeof size !== "number") throw new UserError("RESTIC_FAILED", "restic stats named no size");
  const verdicts = ports.verdicts?.();
  // restic counts verdicts as snapshots.
  if (typeof count === "number" && verdicts !== undefined) {
    return { totalSizeBytes: size, snapshotCount: Math.max(0, count - verdicts) };
  }
  return { totalSizeBytes: size, snapshotCount: (await ports.restic.snapshots({}, { signal: ports.signal })).length };
}

async function perform(action: HostAction, ports: ActionPorts): Promise<ActionOutcome> {
  switch (action) {
    case "InitializeBackendRepository": {
      const isNew = await ensureRepository(ports.restic, ports.signal);
      return { kind: "done", facts: { message: isNew ? REPOSITORY_MADE : "the repository exists" } };
    }
    case "ApplyRetentionPolicy":
      return { kind: "done", facts: await applyRetention(ports) };
    case "VerifyRepositoryIntegrity":
      return check(ports, []);
    case "VerifyRepositoryData":
      return check(ports, [`--read-data-subset=${ports.readDataSubset ?? "1/8"}`]);
    case "PruneRepository":
      return { kind: "done", facts: await prune(ports) };
    case "DeleteSnapshots":
      return { kind: "done", facts: await deleteSnapshots(ports) };
    case "SendRepositoryMetrics":
      return { kind: "done", facts: await measure(ports) };
    default:
      return assertNever(action);
  }
}

/** Runs the action. Never throws a UserError: a failure is an outcome, and the next action runs all the same. */
export async function runAction(action: HostAction, ports: ActionPorts): Promise<ActionOutcome> {
  try {
    return await perform(action, ports);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "failed", failure: { error } };
  }
}

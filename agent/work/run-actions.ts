/** Runs the open work on the repository that a host run asks for, one action after another. */
import type { HostAction } from "../../shared/api/closed-lists.ts";
import type { HostRun } from "../../shared/api/host-run.ts";
import type { HostActionResult } from "../../shared/api/host-stats.ts";
import { UserError } from "../../shared/errors.ts";
import { invokerTag, sessionTag } from "../../shared/snapshots/tags.ts";
import { startHeartbeat } from "../backup/progress.ts";
import { asUserError } from "../file-faults.ts";
import { type ActionOutcome, runAction } from "../maintain/actions.ts";
import type { RetentionScope } from "../maintain/decide-retention.ts";
import { findOtherOwner, otherOwnerError } from "../maintain/other-owner.ts";
import type { ActionPorts } from "../maintain/ports.ts";
import { tellLocks } from "../maintain/told-locks.ts";
import { gatherListing, isListedFor, type Listing, toTell } from "../maintain/told-points.ts";
import type { RunReporter } from "../report/run-reporter.ts";
import { requireFewStarts } from "../restarts.ts";
import { readRepositoryId } from "../restic/ensure-repository.ts";
import { taggedInvoker } from "./origin.ts";
import { openRepository } from "./repository.ts";
import { reporterOf, type WorkPorts, withLockOf } from "./turn-ports.ts";

/** Whose snapshots retention may touch: the invoker's, and those without tags of its hosts and paths. */
function retentionScope({ metadata, spec }: HostRun): RetentionScope {
  const { retention, backup, run } = spec;
  const { namespace } = metadata;
  if (backup === undefined) {
    throw new UserError("NOT_FOUND", `the invoker of session ${run.name} does not exist any more`);
  }
  const paths = [...new Set(retention?.paths ?? [])];
  return {
    // Without its cluster the tag could be another's.
    invokerTag: backup.cluster === undefined ? undefined : invokerTag(taggedInvoker(namespace, backup)),
    sessionTag: sessionTag({ namespace, name: run.name }),
    incomplete: retention?.incomplete ?? [],
    untagged: [...new Set(retention?.hosts ?? [])].flatMap((host) => paths.map((path) => ({ host, path }))),
  };
}

function resultOf(action: HostAction, outcome: ActionOutcome, startedAt: string, finishedAt: string): HostActionResult {
  if (outcome.kind === "done") return { action, phase: "Succeeded", ...outcome.facts, startedAt, finishedAt };
  const { error, integrity } = outcome.failure;
  return {
    action,
    phase: "Failed",
    reason: error.code,
    message: error.message,
    ...(integrity !== undefined && { integrity }),
    startedAt,
    finishedAt,
  };
}

/** @throws UserError REPOSITORY_OWNER, after the report of whose it is */
async function requireOwner(run: HostRun, reporter: RunReporter): Promise<void> {
  const folder = run.spec.repository?.backend?.local?.mountPath;
  const owner = run.spec.work === "Maintain" && folder !== undefined ? await findOtherOwner(folder) : undefined;
  if (folder === undefined || owner === undefined) return;
  reporter.set({ owner });
  throw otherOwnerError(folder, owner);
}

async function prepare(
  run: HostRun,
  { settings, stopper, now }: WorkPorts,
): Promise<
  Pick<ActionPorts, "restic" | "policy" | "scope" | "readDataSubset" | "deleted" | "signal"> & {
    readonly repositoryID: string | undefined;
  }
> {
  const options = { settings, isCacheEnabled: true, signal: stopper.signal };
  const restic = await openRepository(run.spec.repository, options);
  const isMaintenance = run.spec.work === "Maintain";
  return {
    repositoryID: isMaintenance ? await readRepositoryId(restic, stopper.signal) : undefined,
    scope: () => ({ ...retentionScope(run), now: now() }),
    restic,
    policy: run.spec.retention?.policy,
    readDataSubset: run.spec.actionParams?.readDataSubset,
    deleted: run.spec.actionParams?.snapshots ?? [],
    signal: stopper.signal,
  };
}

/** The session waits for it. What is not removed now is planned anew by the next one. */
const RETENTION_PATIENCE_MS = 5 * 60_000;

/** @throws UserError REPOSITORY_DAMAGED before something is taken out of a repository that was just found damaged */
function requireSound(action: HostAction, results: readonly HostActionResult[]): void {
  const isTaking = action === "PruneRepository" || action === "DeleteSnapshots";
  if (!isTaking || !results.some(({ integrity }) => integrity === false)) return;
  throw new UserError("REPOSITORY_DAMAGED", "nothing is taken out of a repository that the check found damaged");
}

/** Runs the actions, whatever became of the one before. What a stop of the container cuts off stays open. */
export async function runActions(run: HostRun, actions: readonly HostAction[], ports: WorkPorts): Promise<void> {
  const { stopper, log, now } = ports;
  const reporter = reporterOf(run, ports);
  let results: readonly HostActionResult[] = (run.status?.results ?? []).filter(
    ({ action }) => !actions.includes(action),
  );
  const { progress } = run.status ?? {};
  const heartbeat = startHeartbeat(reporter, now, { everySeconds: run.spec.heartbeatSeconds, first: progress });
  let isTold = false;
  const isMaintenance = run.spec.work === "Maintain";
  const look = async ({ restic }: Pick<ActionPorts, "restic">): Promise<void> => {
    if (isMaintenance) reporter.set(await tellLocks(restic, { signal: stopper.signal, log, now }));
  };
  let verdicts: number | undefined;
  const onListed = (listing: Listing | undefined): void => {
    if (listing === undefined) return;
    isTold = true;
    verdicts = listing.verdicts;
    reporter.set(toTell(listing));
  };
  try {
    let prepared: Awaited<ReturnType<typeof prepare>> | undefined;
    for (const action of actions) {
      if (stopper.signal.aborted) {
        reporter.set({ results });
        break;
      }
      const startedAt = now().toISOString();
      const earlier = run.status?.results?.findLast((result) => result.action === action);
      const starts = (earlier?.starts ?? 0) + 1;
      // Counted before the work: what kills it must not go uncounted.
      reporter.set({ results: [...results, { action, phase: "Running", starts, startedAt }] });
      if (!(await reporter.flush())) break;
      let outcome: ActionOutcome;
      try {
        requireFewStarts(starts, action);
        await requireOwner(run, reporter);
        if (prepared === undefined) {
          prepared = await prepare(run, ports);
          await look(prepared);
        }
        requireSound(action, results);
        const patienceMs = action === "ApplyRetentionPolicy" ? RETENTION_PATIENCE_MS : undefined;
        const withLock = withLockOf(run, prepared.restic, reporter, ports, patienceMs);
        const { restic } = prepared;
        const scopeOf = isMaintenance ? undefined : prepared.scope;
        const list = async () => onListed(await gatherListing(restic, scopeOf, { signal: stopper.signal, log }));
        if (isListedFor(action, run.spec.work, isTold)) await list();
        outcome = await runAction(action, { ...prepared, withLock, onListed, verdicts: () => verdicts });
        if (action === "DeleteSnapshots") await list();
        if (action === actions.at(-1)) await look(prepared);
      } catch (thrown) {
        const error = asUserError(thrown);
        outcome = { kind: "failed", failure: { error } };
      }
      if (stopper.reason()?.kind === "shutdown" && outcome.kind === "failed") break;
      const result: HostActionResult = {
        ...resultOf(action, outcome, startedAt, now().toISOString()),
        ...(prepared?.repositoryID !== undefined && { repositoryID: prepared.repositoryID }),
      };
      log.info({ action, host: run.spec.host, phase: result.phase, reason: result.reason }, "action ended");
      results = [...results, result];
      // Goes with the beginning of the next, if there is one.
      if (action === actions.at(-1)) reporter.set({ results });
    }
  } finally {
    heartbeat.stop();
  }
  await reporter.flush();
}

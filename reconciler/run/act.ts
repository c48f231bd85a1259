/** Carries out what was decided for one run. The status is written first; nothing else happens unless it stands. */
import { KINDS } from "../../shared/api/kinds.ts";
import { assertNever } from "../../shared/errors.ts";
import { beginHook } from "./begin-hook.ts";
import type { RunStatus } from "./facts.ts";
import type { ActOutcome, ActPorts, RunKind } from "./kind.ts";
import { withRecords } from "./record-runs.ts";
import { withRefusal } from "./refused-status.ts";
import type { RunAction } from "./step.ts";
import { toldStatus, withRunReadiness } from "./told-status.ts";
import { type RunObject, type RunView, runOwnerOf } from "./view.ts";
import { tellRefusal, writeRunStatus } from "./write-status.ts";

const SHARED: Readonly<Record<RunAction<unknown>["kind"], true>> = {
  WriteStatus: true,
  RunHook: true,
  StartPrepared: true,
  AbortHook: true,
  EndJob: true,
  EmitEvent: true,
};

/** Whether the action is one that every kind of run has. */
export function isShared<Status, Own extends { readonly kind: string }>(
  action: RunAction<Status> | Own,
): action is RunAction<Status> {
  return Object.hasOwn(SHARED, action.kind);
}

/** @throws KubeError when the API server refuses or can't be reached */
export async function actOnRun<
  Run extends RunObject,
  View extends RunView<Run, Status>,
  Status extends RunStatus,
  Own extends { readonly kind: string },
  Memory,
>(
  kind: RunKind<Run, View, Status, Own, Memory>,
  ports: ActPorts<Run, Memory>,
  key: string,
  view: View,
  actions: readonly (RunAction<Status> | Own)[],
): Promise<"done" | "again"> {
  let outcome: "done" | "again" = "done";
  for (const action of actions) if (isShared(action) && action.kind === "RunHook") ports.hooks.prepare(action.run);
  for (const action of actions) {
    const next = isShared(action)
      ? await actShared(kind, ports, key, view.object, action)
      : await kind.act(ports, key, view, action);
    if (next === "stale") return "again";
    if (next === "again") outcome = "again";
  }
  return outcome;
}

async function actShared<
  Run extends RunObject,
  View extends RunView<Run, Status>,
  Status extends RunStatus,
  Own extends { readonly kind: string },
  Memory,
>(
  kind: RunKind<Run, View, Status, Own, Memory>,
  ports: ActPorts<Run, Memory>,
  key: string,
  run: Run,
  action: RunAction<Status>,
): Promise<ActOutcome> {
  switch (action.kind) {
    case "WriteStatus":
      return writeStatus(kind, ports, key, run, action.status);
    case "RunHook":
      return beginHook(kind, ports, key, run, action.run);
    case "StartPrepared": {
      const prepared = ports.hooks.prepared(action.key);
      return prepared === undefined ? "done" : beginHook(kind, ports, key, run, prepared);
    }
    case "AbortHook":
      ports.hooks.abort(action.key, ports.wake);
      return "done";
    case "EndJob":
      await ports.jobs.endJob(run.metadata, action.job);
      return "done";
    case "EmitEvent":
      ports.events.record(runOwnerOf(run), action.type, action.reason, action.message);
      return "done";
    default:
      return assertNever(action);
  }
}

/** The write stands only if nobody, agent or another reconciler, changed the run since it was read. */
async function writeStatus<
  Run extends RunObject,
  View extends RunView<Run, Status>,
  Status extends RunStatus,
  Own extends { readonly kind: string },
  Memory,
>(
  kind: RunKind<Run, View, Status, Own, Memory>,
  ports: ActPorts<Run, Memory>,
  key: string,
  run: Run,
  status: Status,
): Promise<ActOutcome> {
  const { client, clock, log, memories, signal } = ports;
  const { namespace, name } = run.metadata;
  const resource = KINDS[run.kind];
  const parse = kind.parserOf(run);
  const named = { [kind.words.run]: key };
  const now = new Date(clock.now());
  const stored = await withRecords(client, runOwnerOf(run), status, ports.recorded, signal);
  const write = await writeRunStatus(
    client,
    {
      resource,
      metadata: run.metadata,
      before: run.status,
      after: kind.writeStatus(run, toldStatus(kind.words.work, run, { whole: status, stored }, now)),
    },
    {
      parse,
      endWith: (words) => withRunReadiness(withRefusal(run.status ?? {}, words, now), run.metadata.generation, now),
    },
    signal,
  );
  switch (write.kind) {
    case "written": {
      memories.keepWrite(key, write.object);
      const phase = write.object.status?.phase;
      if (phase !== run.status?.phase) log.info({ ...named, phase }, `${kind.words.run} phase changed`);
      return tellRefusal(ports, named, runOwnerOf(run), write.refused) ? "stale" : "done";
    }
    case "unchanged":
      return "done";
    case "conflict": {
      // The informer may be behind: decide on what the API server has.
      const newest = await client.find(resource, namespace, name, parse, { signal });
      if (newest !== undefined) memories.keepWrite(key, newest);
      return "stale";
    }
    case "gone":
      return "stale";
    default:
      return assertNever(write);
  }
}

/** What the order of a job says of its run. */
export function jobOrderOf<Run extends RunObject, Status extends RunStatus>(
  { object, repository, status }: RunView<Run, Status>,
  nowMs: number,
) {
  const deadlineAtMs = Date.parse(status.sessionDeadline ?? "");
  return {
    owner: runOwnerOf(object),
    repository,
    deadlineAtMs: Number.isNaN(deadlineAtMs) ? undefined : deadlineAtMs,
    nowMs,
  };
}

/** Keeps runs of one kind going: one queue, woken by everything that a decision reads. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { Finalizer } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import type { RunResult, WorkQueueObserver } from "../../shared/kube/work-queue.ts";
import type { Controller } from "../controller.ts";
import { hookJobName } from "../hooks/job.ts";
import { createQueueController } from "../queue-controller.ts";
import { hostRunsOf } from "../world/host-runs.ts";
import { isNamespaceEnding, type World } from "../world/informers.ts";
import { actOnRun, isShared } from "./act.ts";
import { isBegun } from "./completion.ts";
import { isHeld } from "./deleted.ts";
import type { RunStatus } from "./facts.ts";
import { removeFinalizers } from "./finalizers.ts";
import { gatherRun } from "./gather.ts";
import { HostEvents } from "./host-events.ts";
import { planHostRuns } from "./host-runs.ts";
import type { ActPorts, RunKind } from "./kind.ts";
import { decideLetGo, isHopeless, letGo } from "./let-go.ts";
import { RunMemories } from "./memory.ts";
import { gatherRecords } from "./record-runs.ts";
import { recordedIn } from "./records.ts";
import type { RunAction } from "./step.ts";
import { syncHostRuns } from "./sync-host-runs.ts";
import { isTold } from "./told-status.ts";
import { type RunObject, type RunView, runOwnerOf } from "./view.ts";
import { runsWokenBy } from "./wake.ts";
import { wholeStatus } from "./whole-status.ts";
import type { Limits } from "./world.ts";

export interface RunControllerPorts
  extends Pick<ActPorts<RunObject, unknown>, "client" | "events" | "hooks" | "jobs" | "log"> {
  readonly world: World;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly observer?: WorkQueueObserver;
}

/** Hooks that end soon are still recorded; well below what a leader has left after it stopped renewing its lease. */
const HOOK_DRAIN_MS = 3_000;
/** A pass ends in a few rounds; more mean that others write as fast as this process does. */
const MAX_ROUNDS = 10;

/** A controller for runs of the kind; it does nothing until it is started. */
export function createRunController<
  Run extends RunObject,
  View extends RunView<Run, Status>,
  Status extends RunStatus,
  Own extends { readonly kind: string },
  Memory,
>(kind: RunKind<Run, View, Status, Own, Memory>, ports: RunControllerPorts): Controller {
  type Action = RunAction<Status> | Own;
  const { world, clock, hooks, jobs, limits, log, events, client } = ports;
  const what = kind.words.run;
  const memories = new RunMemories<Run, Memory>(() => kind.createMemory());
  const hostEvents = new HostEvents(events, kind.words.event);
  let leaderSinceMs = 0;
  let add: (key: string) => void = () => {};

  function onRun(run: Run): void {
    add(keyOf(run));
  }

  function readStored(run: Run) {
    const owner = runOwnerOf(run);
    return { owner, stored: kind.readStatus(run), hostRuns: hostRunsOf(world, owner.namespace, owner.uid) };
  }

  function onGone(run: Run): void {
    const { uid = "" } = run.metadata;
    const { owner, stored, hostRuns } = readStored(run);
    const whole = wholeStatus(stored, recordedIn(owner, stored.records, hostRuns), kind.words.work);
    const last = kind.lastWords(run, whole);
    if (last !== undefined) events.record(owner, last.type, last.reason, last.message);
    memories.forget(keyOf(run));
    hostEvents.forget(uid);
    hooks.forget(uid);
    jobs.forget(uid);
  }

  function find(key: string): Run | undefined {
    const [wanted, namespace = "", name = ""] = key.split("/");
    const informed = kind.informersOf(world).map((informer) => informer.get(namespace, name));
    return memories.newest(
      key,
      informed.find((run) => run?.kind === wanted),
    );
  }

  /** @returns the run as it is now */
  async function free(run: Run, signal: AbortSignal): Promise<Run | "gone" | "kept"> {
    const isOver = kind.isEnded(run) || !isBegun(kind.readStatus(run));
    const isEnding = isNamespaceEnding(world, run.metadata.namespace);
    const facts = { isOver, isNamespaceEnding: isEnding, nowMs: clock.now(), waitMs: limits.podWaitMs };
    const decision = decideLetGo(run, facts);
    if (decision === "kept") return "kept";
    if (decision === "freed") {
      return (await removeFinalizers(client, run, [Finalizer.AfterHooks], kind.parserOf(run), signal)) ?? "gone";
    }
    if (!isOver && isHeld(run)) tellLetGo(run, "what it owes did not end in time");
    await letGo(client, run, kind.parserOf(run), signal);
    return "gone";
  }

  /** Events can't be made in its namespace. */
  function tellLetGo(run: Run, why: string): void {
    log.warn({ [what]: keyOf(run), why }, `${what} let go before its after-hooks: its namespace is being deleted`);
  }

  async function reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const run = find(key);
    try {
      return await carryOn(key, signal);
    } catch (error) {
      if (run === undefined || !isHopeless(run, isNamespaceEnding(world, run.metadata.namespace), error)) throw error;
      tellLetGo(run, messageOf(error));
      await letGo(client, find(key) ?? run, kind.parserOf(run), signal);
      return undefined;
    }
  }

  async function carryOn(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const run = find(key);
      if (run === undefined) return undefined;
      const freed = await free(run, signal);
      if (freed === "gone") return undefined;
      if (freed !== "kept") {
        memories.keepWrite(key, freed);
        continue;
      }
      const monotonicMs = clock.monotonic();
      const facts = { world, memories, leaderSinceMs, monotonicMs, limits };
      const known = { hookRuns: hooks.runs(), jobProblems: jobs.problems(run.metadata.uid ?? "") };
      const { owner, stored, hostRuns } = readStored(run);
      const recorded = await gatherRecords(client, owner, stored, hostRuns, signal);
      const whole = wholeStatus(stored, recorded, kind.words.work);
      hostEvents.look(owner, whole);
      const { view, isBehind } = gatherRun(kind, { ...facts, ...known }, key, run, { stored: whole, hostRuns });
      const decision = kind.decide(view, new Date(clock.now()));
      log.debug({ [what]: key, trail: decision.trail }, `${what} decided`);
      const wake = (): void => add(key);
      const decided = writtenStatus(decision.actions);
      const status = decided ?? view.status;
      const actions: readonly Action[] =
        decided === undefined && (isBehind || !isTold(run))
          ? [{ kind: "WriteStatus", status }, ...decision.actions]
          : decision.actions;
      const actPorts = { ...ports, memories, recorded, monotonicMs, wake, signal };
      const isBeside = (action: Action): boolean => !isShared(action) && kind.isBeside(action);
      const first = actions.filter((action) => !isBeside(action));
      const outcome = await actOnRun(kind, actPorts, key, view, first);
      if (decided !== undefined || isBehind) memories.keepWriteTime(key, clock.monotonic());
      if (outcome === "again") continue;
      const planned = planHostRuns(
        owner,
        kind.ordersOf(view, status, hostRuns),
        hostRuns,
        [...hooks.runs().running].map((hookKey) => hookJobName(owner, hookKey)),
      );
      // An order to a pod that goes with the namespace.
      const isEnding = isNamespaceEnding(world, owner.namespace);
      const changes = isEnding ? planned.filter((change) => change.kind !== "create") : planned;
      const { metadata } = memories.newest(key, run) ?? run;
      await Promise.all([
        syncHostRuns(client, { resource: KINDS[run.kind], metadata }, changes, signal),
        actOnRun(kind, actPorts, key, view, actions.filter(isBeside)),
      ]);
      return { requeueAfterMs: decision.requeueAfterMs };
    }
    throw new UserError("API_UNAVAILABLE", `others kept changing ${key} while it was decided`);
  }

  return createQueueController(
    {
      name: kind.name,
      subject: what,
      failed: `${what} not carried on; it is tried again`,
      concurrency: kind.concurrency,
      // Everything that waits for the API server waits on this; a run must not lose minutes to a short outage.
      backoff: { baseMs: 100, maxMs: 10_000 },
      observer: ports.observer,
      clock,
      log,
    },
    {
      wake(addKey) {
        add = addKey;
        leaderSinceMs = clock.now();
        return [
          ...kind
            .informersOf(world)
            .map((informer) =>
              informer.subscribe({ add: onRun, update: (_before, run) => onRun(run), delete: onGone }),
            ),
          ...runsWokenBy(kind, world, onRun),
        ];
      },
      reconcile,
      beforeDrain: () => hooks.whenIdle(HOOK_DRAIN_MS),
      forget: () => memories.clear(),
    },
  );
}

function writtenStatus<Status, Own extends { readonly kind: string }>(
  actions: readonly (RunAction<Status> | Own)[],
): Status | undefined {
  for (const action of actions) if (isWrite(action)) return action.status;
  return undefined;
}

function isWrite<Status, Own extends { readonly kind: string }>(
  action: RunAction<Status> | Own,
): action is Extract<RunAction<Status>, { kind: "WriteStatus" }> {
  return action.kind === "WriteStatus";
}

function keyOf({ kind, metadata }: RunObject): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

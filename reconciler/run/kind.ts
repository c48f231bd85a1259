/** What a kind of run brings to the engine: its words, its table, its view, and what it alone does. */
import type { Clock } from "../../shared/clock.ts";
import type { ChangeHandler } from "../../shared/kube/cache/store.ts";
import type { KubeClient, Parse } from "../../shared/kube/client/interface.ts";
import type { EventText } from "../../shared/kube/events/object.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { Logger } from "../../shared/log.ts";
import type { HookRuns } from "../hooks/plan.ts";
import type { HookRunner } from "../hooks/runner.ts";
import type { JobMaker } from "../jobs/maker.ts";
import type { JobProblem } from "../jobs/of-target.ts";
import type { World } from "../world/informers.ts";
import type { RunStatus, RunWords } from "./facts.ts";
import type { HostRunOrder, HostRuns } from "./host-runs.ts";
import type { RunMemories } from "./memory.ts";
import type { Recorded } from "./records.ts";
import type { Decision, RunAction } from "./step.ts";
import type { RunObject, RunView } from "./view.ts";
import type { Limits } from "./world.ts";

/** The reading side of an informer of runs. */
export interface RunInformer<Run> {
  get(namespace: string, name: string): Run | undefined;
  list(namespace: string): readonly Run[];
  byIndex(index: "target" | "repository", value: string): readonly Run[];
  subscribe(handler: ChangeHandler<Run>): () => void;
}

export interface GatherPorts<Run extends RunObject, Memory> {
  readonly world: World;
  readonly memories: RunMemories<Run, Memory>;
  readonly hookRuns: HookRuns;
  /** Why jobs of the run could not be made, by position of the target. */
  readonly jobProblems: ReadonlyMap<number, JobProblem>;
  readonly leaderSinceMs: number;
  readonly monotonicMs: number;
  readonly limits: Limits;
}

export interface ActPorts<Run extends RunObject, Memory> {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch" | "patchStatus">;
  readonly hooks: HookRunner;
  readonly jobs: JobMaker;
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly monotonicMs: number;
  readonly events: Pick<EventRecorder, "record">;
  readonly memories: RunMemories<Run, Memory>;
  /** What the records of the run, as the API server has it, hold. */
  readonly recorded: Recorded;
  readonly log: Logger;
  /** Look at the run again. */
  readonly wake: () => void;
  readonly signal: AbortSignal;
}

/**
 * `again`: an action gave the decision something new to read. `stale`: what it was made on has changed, and nothing more of it may
 * be done.
 */
export type ActOutcome = "done" | "again" | "stale";

/** Runs that are to be looked at again, of those that have not ended. */
export interface Wakers<Run> {
  these(runs: readonly Run[]): void;
  inNamespace(namespace: string): void;
  /** @param key targetKey() */
  ofTarget(key: string): void;
  /** @param key `namespace/name` */
  ofRepository(key: string): void;
}

export interface RunKind<
  Run extends RunObject,
  View extends RunView<Run, Status>,
  Status extends RunStatus,
  Own extends { readonly kind: string },
  Memory,
> {
  /** Of the controller, in logs and metrics. */
  readonly name: string;
  readonly words: RunWords;
  /** How many runs are carried on at the same time. */
  readonly concurrency: number;
  createMemory(): Memory;
  informersOf(world: World): readonly RunInformer<Run>[];
  parserOf(run: Run): Parse<Run>;
  /** The status in the shape that the rows read, and back. */
  readStatus(run: Run): Status;
  writeStatus(run: Run, status: Status): unknown;
  /** Whether nothing that happens to others matters to the run any more. */
  isEnded(run: Run): boolean;
  /** The status with what host runs told that belongs to no host. */
  fold(ports: GatherPorts<Run, Memory>, key: string, run: Run, status: Status, hostRuns: HostRuns): Status;
  viewOf(ports: GatherPorts<Run, Memory>, key: string, run: Run, status: Status): View;
  decide(view: View, now: Date): Decision<RunAction<Status> | Own>;
  /**
   * @param status as it was decided and written
   * @param known host runs of the run
   */
  ordersOf(view: View, status: Status, known: HostRuns): readonly HostRunOrder[];
  act(ports: ActPorts<Run, Memory>, key: string, view: View, action: Own): Promise<ActOutcome>;
  /** Whether no order waits for the action: it is done while they are given. */
  isBeside(action: Own): boolean;
  /** Subscribes to what only this kind reads. @returns functions that end the subscriptions */
  wokenBy(world: World, wakers: Wakers<Run>): readonly (() => void)[];
  /**
   * What people must know when the run is deleted as it is.
   *
   * @param status its whole status
   */
  lastWords(run: Run, status: Status): EventText | undefined;
}

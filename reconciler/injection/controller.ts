/**
 * Finds workloads whose pod template is not as the invokers want it, and sends them through admission again: what an outage
 * of the webhook let through, what an edit changed, what a deletion leaves behind. The webhook alone changes templates. What a
 * cluster would refuse is found before, by a dry run; what keeps pods down all the same is taken out again.
 */
import { assertNever } from "../../shared/errors.ts";
import { WANTS_NOTHING } from "../../shared/injection/hold.ts";
import { hasRestoreInit } from "../../shared/injection/left-over.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Controller } from "../controller.ts";
import { wakeTargets } from "../invoker/wake.ts";
import { findWorkload, parseWorkloadKey, type WorkloadId } from "../invoker/workload-key.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import type { World } from "../world/informers.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import { type ActPorts, actOnProof, actOnRelease, actOnRequest, actOnTrouble, type Subject } from "./act.ts";
import { actOnLeftOver } from "./act-left-over.ts";
import { decideRequest } from "./decide.ts";
import { gatherInjectionFacts, type InjectionFacts } from "./gather.ts";
import { afterLeftOverLook, type LastingLeftOver } from "./left-over.ts";
import { afterLook, type InjectionRecord, isNewConflict, withConflict } from "./record.ts";
import { releaseStuck } from "./release-stuck.ts";
import { isRolledOut, type Rollouts } from "./rollouts.ts";
import { isInjectionCurrent, wantedHash } from "./state.ts";
import type { TargetMemory } from "./target-memory.ts";
import { type SkipPorts, tellSkip } from "./tell-skip.ts";
import { findTemplateManager } from "./template-manager.ts";
import { type LastingTrouble, lastingTrouble, type TroubleLimits } from "./trouble.ts";
import { wakeRefused } from "./wake-refused.ts";

export interface InjectionPorts extends ActPorts, SkipPorts {
  readonly rollouts: Rollouts;
  /** How many others are restarting, of targets that wait for them. */
  readonly queued: TargetMemory<number>;
  readonly world: World;
  readonly settings: InjectionSettings;
  readonly limits: TroubleLimits;
}

/** Whoever waits for others to restart is woken when one has; this is for one that never tells. */
const TURN_AGAIN_MS = 30_000;

export function createInjectionController(ports: InjectionPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "injection",
      subject: "target",
      failed: "injection not looked after; it is tried again",
      // Each request may start a rollout: a few at a time leave the cluster's nodes room.
      concurrency: 4,
      clock,
      log,
    },
    new InjectionWork(ports),
  );
}

class InjectionWork implements QueueWork {
  readonly #ports: InjectionPorts;
  #add: (target: string) => void = () => {};
  /** What the API server answered to our last request, until the informer shows it. */
  readonly #latest = new Map<string, WorkloadObject>();

  constructor(ports: InjectionPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    const { world, refusals } = this.#ports;
    this.#add = add;
    return [...wakeTargets(world, add), ...wakeRefused(world, refusals, add)];
  }

  forget(): void {
    this.#latest.clear();
    const { records, refusals, troubles, leftOvers, told, queued, rollouts } = this.#ports;
    for (const memory of [records, refusals, troubles, leftOvers, told, queued, rollouts]) memory.clear();
  }

  async reconcile(target: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, settings, records, refusals, troubles, leftOvers, told, queued, rollouts, clock, limits } =
      this.#ports;
    const id = parseWorkloadKey(target);
    const workload = id && this.#newest(target, findWorkload(world, id));
    if (id === undefined || workload === undefined) {
      for (const memory of [records, refusals, troubles, leftOvers, told, queued]) memory.forget(target);
      this.#latest.delete(target);
      this.#endRollout(target);
      return undefined;
    }
    if (rollouts.isRunning(target) && isRolledOut(workload)) this.#endRollout(target, "good");
    const facts = gatherInjectionFacts(world, workload, settings, clock.now());
    const isUnconcerned = facts.isCurrent && facts.hold === undefined && wantedHash(facts.wanted) === WANTS_NOTHING;
    tellSkip(this.#ports, id, facts);
    // Most workloads of a cluster have nothing to do with backups.
    const leftOver = this.#lookAtLeftOver(target, facts);
    if (isUnconcerned && leftOver === undefined && records.get(target) === undefined) return undefined;
    await releaseStuck(this.#ports, facts, signal);
    const record = await this.#look(target, id, facts, signal);
    const decision = decideRequest(
      {
        isBeingDeleted: workload.facts.isBeingDeleted,
        isCurrent: facts.isCurrent,
        isRestoring: facts.isRestoring,
        record,
        hold: facts.hold,
        wantsSidecar: wantedHash(facts.unheld) !== WANTS_NOTHING,
        origin: facts.origin,
        refusal: refusals.get(target),
        trouble: this.#lookAtTrouble(target, facts),
        leftOver,
        limits,
      },
      clock.monotonic(),
    );
    const subject: Subject = { target, id, facts, signal, keep: (after) => void this.#latest.set(target, after) };
    if (decision.kind !== "Prove" && decision.kind !== "TakeOutInit") {
      rollouts.leave(target);
      queued.forget(target);
    }
    switch (decision.kind) {
      case "Leave":
        if (decision.reason === "UpToDate") refusals.forget(target);
        return record.conflict && { requeueAfterMs: Math.max(record.conflict.untilMs - clock.monotonic(), 1) };
      case "Wait":
        return { requeueAfterMs: decision.requeueAfterMs };
      case "Request":
        return actOnRequest(this.#ports, subject, facts.wanted);
      case "Prove":
        return this.#inTurn(
          subject,
          () => actOnProof(this.#ports, subject),
          (after) => isInjectionCurrent(after.facts, facts.unheld),
        );
      case "TakeOutInit":
        return this.#inTurn(
          subject,
          () => actOnLeftOver(this.#ports, subject, decision.leftOver),
          (after) => !hasRestoreInit(after.facts.podTemplate),
        );
      case "Release":
        await actOnRelease(this.#ports, subject);
        return undefined;
      case "TakeOut": {
        const result = await actOnTrouble(this.#ports, subject, decision.trouble);
        // Where the sidecar was not why, the trouble is still there.
        if (troubles.get(target) === undefined) this.#endRollout(target, "bad");
        return result;
      }
      default:
        return assertNever(decision);
    }
  }

  /** What restarts pods waits for its turn. A workload that has no ready pod has none to lose. */
  async #inTurn(
    subject: Subject,
    act: () => Promise<RunResult | undefined>,
    isDone: (after: WorkloadObject) => boolean,
  ): Promise<RunResult | undefined> {
    const { rollouts, queued, clock } = this.#ports;
    const { target, facts } = subject;
    const isRestart = facts.workload.readyReplicas > 0;
    if (isRestart && !rollouts.tryToBegin(target, clock.monotonic())) {
      queued.set(target, rollouts.running);
      return { requeueAfterMs: TURN_AGAIN_MS };
    }
    queued.forget(target);
    let isBegun = false;
    try {
      const result = await act();
      const after = this.#latest.get(target);
      isBegun = after !== undefined && isDone(after);
      return result;
    } finally {
      if (isRestart && !isBegun) this.#endRollout(target);
    }
  }

  #endRollout(target: string, outcome?: "good" | "bad"): void {
    for (const other of this.#ports.rollouts.end(target, outcome)) this.#add(other);
  }

  #newest(target: string, informed: WorkloadObject | undefined): WorkloadObject | undefined {
    const latest = this.#latest.get(target);
    if (latest === undefined) return informed;
    if (informed !== undefined && informed.uid === latest.uid && informed.generation < latest.generation) return latest;
    this.#latest.delete(target);
    return informed;
  }

  async #look(target: string, id: WorkloadId, facts: InjectionFacts, signal: AbortSignal): Promise<InjectionRecord> {
    const { records, clock, client, log } = this.#ports;
    const seen = { wanted: wantedHash(facts.wanted), isCurrent: facts.isCurrent };
    const looked = afterLook(records.get(target), seen, clock.monotonic());
    if (!isNewConflict(looked)) {
      records.set(target, looked);
      return looked;
    }
    const manager = await findTemplateManager(client, id, signal);
    const record = withConflict(looked, manager, clock.monotonic());
    records.set(target, record);
    log.warn({ target, manager, reason: "InjectionConflict" }, "injection is undone again and again; it is left alone");
    return record;
  }

  #lookAtLeftOver(target: string, facts: InjectionFacts): LastingLeftOver | undefined {
    const { leftOvers, clock } = this.#ports;
    const isThere = hasRestoreInit(facts.workload.facts.podTemplate);
    const lasting = afterLeftOverLook(leftOvers.get(target), facts.leftOver, isThere, clock.monotonic());
    if (lasting === undefined) leftOvers.forget(target);
    else leftOvers.set(target, lasting);
    return facts.leftOver && lasting;
  }

  #lookAtTrouble(target: string, { trouble }: InjectionFacts): LastingTrouble | undefined {
    const { troubles, clock } = this.#ports;
    const lasting = lastingTrouble(troubles.get(target), trouble, clock.monotonic());
    if (lasting === undefined) troubles.forget(target);
    else troubles.set(target, lasting);
    return lasting;
  }
}

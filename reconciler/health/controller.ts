/**
 * Says on each invoker whether its backups are recent enough: a backup that stopped must not do so in silence. It has no queue: nothing
 * happens when a backup stays away, so all invokers are looked at, one after the other, as time goes by.
 */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { formatRoundedDuration } from "../../shared/duration.ts";
import { messageOf } from "../../shared/errors.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { Logger } from "../../shared/log.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition, type NewCondition, withCondition } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";
import type { Controller } from "../controller.ts";
import type { World } from "../world/informers.ts";
import { mergeStatus } from "../write/status-patch.ts";
import { decideStaleness, type Staleness } from "./decide.ts";

export interface HealthPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "patchStatus">;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Schedules count in minutes. */
const LOOK_EVERY_MS = 30_000;

export function createHealthController(ports: HealthPorts): Controller {
  return new HealthController(ports);
}

class HealthController implements Controller {
  readonly name = "health";
  readonly #ports: HealthPorts;
  #cancel: () => void = () => {};
  #abort = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(ports: HealthPorts) {
    this.#ports = ports;
  }

  async start(): Promise<void> {
    this.#abort = new AbortController();
    this.#wait();
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#abort.abort(new Error("the health controller is stopped"));
    await this.#looking;
  }

  #wait(): void {
    this.#cancel = this.#ports.clock.after(LOOK_EVERY_MS, () => {
      this.#looking = this.#lookAtAll().finally(() => {
        if (!this.#abort.signal.aborted) this.#wait();
      });
    });
  }

  async #lookAtAll(): Promise<void> {
    const { world, clock, log } = this.#ports;
    const now = new Date(clock.now());
    for (const invoker of [...world.configurations.list(), ...world.batches.list()]) {
      if (this.#abort.signal.aborted) return;
      try {
        await this.#lookAt(invoker, now);
      } catch (error) {
        // The next look tries again.
        if (!this.#abort.signal.aborted) {
          log.warn({ invoker: invoker.metadata.name, error: messageOf(error) }, "health of an invoker not written");
        }
      }
    }
  }

  async #lookAt(invoker: BackupConfiguration | BackupBatch, now: Date): Promise<void> {
    const { client, log } = this.#ports;
    const { namespace, name, uid, resourceVersion } = invoker.metadata;
    const before = invoker.status?.conditions;
    const condition = conditionOf(decideStaleness(invoker, now));
    const known = findCondition(before, ConditionType.BackupStale);
    // That all is well is said only after it was not.
    if (condition?.status !== "True" && known === undefined) return;
    const conditions =
      condition === undefined ? (before ?? []).filter((one) => one !== known) : withCondition(before, condition, now);
    if (conditions === before) return;
    const address = { resource: KINDS[invoker.kind], namespace, name };
    // The list of conditions has another writer too, so the write counts only for the version that was read.
    const guard = resourceVersion === undefined ? {} : { resourceVersion };
    const change = { before: { conditions: before }, after: { conditions }, ...guard };
    const outcome = await mergeStatus(client, address, change, asIs, { signal: this.#abort.signal });
    if (outcome.kind === "refused") throw outcome.error;
    if (outcome.kind !== "written" || condition === undefined || condition.status === known?.status) return;
    log.info({ invoker: `${namespace}/${name}`, reason: condition.reason }, "health of an invoker changed");
    if (condition.status !== "True") return;
    const subject = { apiVersion: invoker.apiVersion, kind: invoker.kind, namespace, name, uid: uid ?? "" };
    this.#ports.events.record(subject, "Warning", "Backup Stale", condition.message);
  }
}

/** The message holds no age, so that it changes only with the facts. */
function conditionOf(staleness: Staleness): NewCondition | undefined {
  if (staleness.kind === "unscheduled") return undefined;
  const { kind, sinceMs, limitMs } = staleness;
  const since = formatTime(new Date(sinceMs));
  const limit = formatRoundedDuration(limitMs);
  return kind === "stale"
    ? {
        type: ConditionType.BackupStale,
        status: "True",
        reason: "NoRecentRecoveryPoint",
        message: `no good recovery point since ${since}; one is expected at least every ${limit}`,
      }
    : {
        type: ConditionType.BackupStale,
        status: "False",
        reason: "RecentRecoveryPoint",
        message: `one is expected at least every ${limit}`,
      };
}

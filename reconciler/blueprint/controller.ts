/** Auto-backup: Repositories and BackupConfigurations of the targets whose annotation names a BackupBlueprint. */
import { type Backoff, nextBackoffMs } from "../../shared/backoff.ts";
import type { Clock } from "../../shared/clock.ts";
import { assertNever } from "../../shared/errors.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { type AutoBackupClient, type AutoBackupResult, actOnSteps } from "./act.ts";
import { decideAutoBackup } from "./decide.ts";
import { gatherAutoBackup } from "./gather.ts";
import type { AutoBackupWorld } from "./informers.ts";
import type { AutoBackupTarget } from "./view.ts";
import { wakeAutoBackup } from "./wake.ts";

export interface BlueprintPorts {
  readonly world: AutoBackupWorld;
  readonly client: AutoBackupClient;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The informers are about to show what another, or we a moment ago, wrote. */
const BEHIND: Backoff = { baseMs: 300, maxMs: 30_000 };
/** About ten seconds: what they don't show by then, they don't look at or can't read. */
const BEHIND_TRIES = 5;
/** What stands in the way is an object that no event here tells of. */
const FAILED_AGAIN_MS = 30_000;

/** Reasons of Events, as upstream writes them. */
const EVENT = {
  made: "Auto Backup Resources Creation Succeeded",
  removed: "Auto Backup Resources Deletion Succeeded",
  notMade: "Auto Backup Resources Creation Failed",
  notRemoved: "Auto Backup Resources Deletion Failed",
} as const;

export function createBlueprintController(ports: BlueprintPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "blueprint",
      subject: "target",
      failed: "blueprint not applied; it is tried again",
      concurrency: 4,
      clock,
      log,
    },
    new BlueprintWork(ports),
  );
}

class BlueprintWork implements QueueWork {
  readonly #ports: BlueprintPorts;
  /** Problems that were told already, by the target's key. */
  readonly #told = new Map<string, string>();
  /** Tries in a row in which another write came first, by the target's key. */
  readonly #behind = new Map<string, number>();

  constructor(ports: BlueprintPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    return wakeAutoBackup(this.#ports.world, add, () => {
      for (const key of this.#told.keys()) add(key);
    });
  }

  forget(): void {
    this.#told.clear();
    this.#behind.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const view = gatherAutoBackup(this.#ports.world, key);
    const came = await actOnSteps(this.#ports.client, decideAutoBackup(view), signal);
    const behind = came.some(({ kind }) => kind === "Behind") ? (this.#behind.get(key) ?? 0) : undefined;
    if (behind === undefined) this.#behind.delete(key);
    else this.#behind.set(key, behind + 1);
    const results = came.map((result) => ((behind ?? 0) < BEHIND_TRIES ? result : inTheWay(result)));
    for (const result of results) this.#log(key, result);
    const problems = results.flatMap((result) => (result.kind === "Failed" ? [result.problem] : []));
    if (view.target !== undefined) this.#tell(key, view.target, results);
    if (problems.length === 0) this.#told.delete(key);
    else this.#told.set(key, problems.join("\n"));
    if (results.some(({ kind }) => kind === "Behind")) {
      return { requeueAfterMs: nextBackoffMs(BEHIND, behind ?? 0, Math.random()) };
    }
    return problems.length > 0 || results.some(({ kind }) => kind === "Waits")
      ? { requeueAfterMs: FAILED_AGAIN_MS }
      : undefined;
  }

  #log(target: string, result: AutoBackupResult): void {
    const { log } = this.#ports;
    switch (result.kind) {
      case "Done":
        log.info({ target, what: result.what, verb: result.verb }, "blueprint applied");
        return;
      case "Waits":
        log.debug({ target, what: result.what }, "blueprint waits until the former object is gone");
        return;
      case "Behind":
        return;
      case "Failed":
        if (!(this.#told.get(target) ?? "").split("\n").includes(result.problem)) {
          log.warn({ target, error: result.problem }, "blueprint can't be applied");
        }
        return;
      default:
        assertNever(result);
    }
  }

  /** What changed, and problems that are news; one Event for each kind of news. */
  #tell(key: string, target: AutoBackupTarget, results: readonly AutoBackupResult[]): void {
    const { apiVersion, kind, namespace, name, uid } = target;
    const subject = { apiVersion, kind, namespace, name, uid };
    const tell = (type: "Normal" | "Warning", reason: string, words: readonly string[]): void => {
      if (words.length > 0) this.#ports.events.record(subject, type, reason, words.join("; "));
    };
    const done = results.flatMap((result) => (result.kind === "Done" ? [result] : []));
    const words = ({ what, verb }: (typeof done)[number]) => `${what} ${verb}`;
    tell("Normal", EVENT.made, done.filter(({ verb }) => verb !== "removed").map(words));
    tell("Normal", EVENT.removed, done.filter(({ verb }) => verb === "removed").map(words));
    const known = (this.#told.get(key) ?? "").split("\n");
    const failed = results.flatMap((result) => (result.kind === "Failed" ? [result] : []));
    const news = failed.filter(({ problem }) => !known.includes(problem));
    tell(
      "Warning",
      EVENT.notMade,
      news.filter(({ isRemoval }) => !isRemoval).map(({ problem }) => problem),
    );
    tell(
      "Warning",
      EVENT.notRemoved,
      news.filter(({ isRemoval }) => isRemoval).map(({ problem }) => problem),
    );
  }
}

/** An object that is there, and that no informer ever shows, is in the way as any other. */
function inTheWay(result: AutoBackupResult): AutoBackupResult {
  if (result.kind !== "Behind") return result;
  return { kind: "Failed", isRemoval: false, problem: `${result.what}; what is there can't be read from here` };
}

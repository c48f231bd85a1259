/** Status, references and finalizer of Repositories. */

import { KINDS } from "../../shared/api/kinds.ts";
import type { TypedObjectRef } from "../../shared/api/object-ref.ts";
import type { Repository } from "../../shared/api/repository.ts";
import type { Clock } from "../../shared/clock.ts";
import { Finalizer } from "../../shared/contract.ts";
import { isConflict, isNotFound } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import { objectKey, splitObjectKey } from "../../shared/kube/object-meta.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import type { Controller } from "../controller.ts";
import { ordersOn } from "../maintenance/users.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import { clusterIdOf, type World } from "../world/informers.ts";
import { mergeStatus } from "../write/status-patch.ts";
import { newsOf, takePoints } from "./act.ts";
import { decideRepositoryStatus } from "./decide.ts";
import { wakeRepositories } from "./wake.ts";

export interface RepositoryPorts {
  readonly world: World;
  readonly client: Pick<KubeClient, "find" | "patch" | "patchStatus">;
  readonly events: Pick<EventRecorder, "record">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The informer is about to show what another wrote. */
const CONFLICT_AGAIN_MS = 300;

export function createRepositoryController(ports: RepositoryPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "repository",
      subject: "repository",
      failed: "Repository not looked after; it is tried again",
      concurrency: 4,
      clock,
      log,
    },
    new RepositoryWork(ports),
  );
}

class RepositoryWork implements QueueWork {
  readonly #ports: RepositoryPorts;
  /** By key: what was taken of recovery points. Lost with the process: then they are read once more. */
  readonly #taken = new Map<string, string>();

  constructor(ports: RepositoryPorts) {
    this.#ports = ports;
  }

  wake(add: (key: string) => void): readonly (() => void)[] {
    return wakeRepositories(this.#ports.world, add);
  }

  forget(): void {
    this.#taken.clear();
  }

  async reconcile(key: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, client, clock, log } = this.#ports;
    const { namespace, name } = splitObjectKey(key);
    const repository = world.repositories.get(namespace, name);
    if (repository === undefined) {
      this.#taken.delete(key);
      return undefined;
    }
    const { deletionTimestamp, finalizers = [], generation = 0 } = repository.metadata;
    const isHeld = finalizers.includes(Finalizer.Repository);
    if (deletionTimestamp !== undefined) {
      return isHeld ? this.#release(repository, finalizers, signal) : undefined;
    }
    if (!isHeld && !(await this.#setFinalizers(repository, [...finalizers, Finalizer.Repository], signal))) {
      return { requeueAfterMs: CONFLICT_AGAIN_MS };
    }
    const sessions = world.sessions.byIndex("repository", key);
    const view = {
      namespace: repository.metadata.namespace,
      generation,
      annotations: repository.metadata.annotations,
      status: repository.status,
      references: referencesTo(world, key),
      sessions,
      seers: sessions.filter((session) => ordersOn(world, repository, session).length > 0),
    };
    const after = decideRepositoryStatus(view, new Date(clock.now()));
    const address = { resource: KINDS.Repository, namespace, name };
    const outcome = await mergeStatus(client, address, { before: repository.status, after }, asIs, { signal });
    if (outcome.kind === "refused") log.error({ repository: key, error: outcome.error.message }, "status refused");
    const told = replacedWords(after);
    if (outcome.kind === "written" && told !== undefined && told !== replacedWords(view.status))
      this.#tellReplaced(repository, told);
    return this.#takePoints(key, repository, signal);
  }

  #tellReplaced({ apiVersion, kind, metadata }: Repository, message: string): void {
    const { namespace, name, uid } = metadata;
    this.#ports.events.record({ apiVersion, kind, namespace, name, uid }, "Warning", "Repository Replaced", message);
    this.#ports.log.error({ repository: objectKey(namespace, name), reason: message }, "another repository is there");
  }

  async #takePoints(key: string, repository: Repository, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, client, clock, log } = this.#ports;
    const seen = world.hostRuns.byIndex("points", key);
    if (seen.length === 0) return undefined;
    const order = { repository, seen, cluster: clusterIdOf(world), now: new Date(clock.now()) };
    const news = newsOf(order);
    if (this.#taken.get(key) === news) return undefined;
    const outcome = await takePoints(client, order, signal);
    if (outcome.kind === "conflict") return { requeueAfterMs: CONFLICT_AGAIN_MS };
    if (outcome.kind === "refused") log.error({ repository: key, error: outcome.error.message }, "points refused");
    this.#taken.set(key, news);
    return undefined;
  }

  /** The data is never touched: see docs/compatibility.md on wipeOut. */
  async #release(repository: Repository, finalizers: readonly string[], signal: AbortSignal) {
    const { apiVersion, kind, metadata, spec } = repository;
    if (spec.wipeOut === true) {
      const { namespace, name, uid } = metadata;
      const words = "wipeOut: the data in the backend was left as it is; delete it with the backend's own tools";
      this.#ports.events.record({ apiVersion, kind, namespace, name, uid }, "Warning", "WipeOut Not Done", words);
      this.#ports.log.warn(
        { repository: objectKey(namespace, name) },
        "data of a deleted Repository was left as it is",
      );
    }
    const rest = finalizers.filter((finalizer) => finalizer !== Finalizer.Repository);
    return (await this.#setFinalizers(repository, rest, signal)) ? undefined : { requeueAfterMs: CONFLICT_AGAIN_MS };
  }

  /** @returns false when another changed the Repository since it was read */
  async #setFinalizers({ metadata }: Repository, finalizers: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { namespace, name, resourceVersion } = metadata;
    const patch = { kind: "merge", body: { metadata: { resourceVersion, finalizers } } } as const;
    try {
      await this.#ports.client.patch(KINDS.Repository, namespace, name, patch, asIs, { signal });
      return true;
    } catch (error) {
      if (isConflict(error)) return false;
      if (!isNotFound(error)) throw error;
      return true;
    }
  }
}

/** What the status says of a repository that took the place of the one that is known; undefined where none did. */
function replacedWords(status: Repository["status"]): string | undefined {
  const condition = findCondition(status?.conditions, ConditionType.RepositoryReplaced);
  return condition?.status === "True" ? condition.message : undefined;
}

/** Everything that names the Repository now: no reference outlives what it refers to. */
function referencesTo(world: World, key: string): readonly TypedObjectRef[] {
  const users = [
    ...world.configurations.byIndex("repository", key),
    ...world.batches.byIndex("repository", key),
    ...world.restoreSessions.byIndex("repository", key),
    ...world.restoreBatches.byIndex("repository", key),
  ];
  return users
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ kind, metadata }) => ({ kind, namespace: metadata.namespace, name: metadata.name }))
    .sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

function textOf({ kind, namespace, name }: TypedObjectRef): string {
  return `${kind}/${namespace}/${name}`;
}

/** Gives agents their rights and Secrets, a namespace at a time, and takes them away with the last agent. */
import type { Clock } from "../../shared/clock.ts";
import { Label } from "../../shared/contract.ts";
import { canonicalJson } from "../../shared/hash.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { textAt } from "../../shared/json/value.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { ROLES } from "../../shared/kube/resources.ts";
import type { RunResult } from "../../shared/kube/work-queue.ts";
import type { Logger } from "../../shared/log.ts";
import type { Controller } from "../controller.ts";
import { wakeNamespaces } from "../invoker/wake.ts";
import { createQueueController, type QueueWork } from "../queue-controller.ts";
import type { World } from "../world/informers.ts";
import { actOnRights } from "./act.ts";
import { CopiedSources } from "./copied-sources.ts";
import { areRightsEmpty } from "./decide.ts";
import { gatherRights } from "./gather.ts";

export interface RightsPorts {
  readonly world: World;
  /** Only this namespace; all when undefined. */
  readonly namespace: string | undefined;
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: Pick<InjectionSettings, "pullSecrets">;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Secrets are not watched: how soon a change of the original reaches its copies. */
const COPY_AGAIN_MS = 60_000;
/** What was read of an original for one namespace counts for all that come soon. */
const FRESH_MS = COPY_AGAIN_MS / 2;
/** What somebody deleted by hand comes back after this long at the latest. */
const CHECK_AGAIN_MS = 10 * 60_000;

interface Done {
  readonly what: string;
  readonly atMs: number;
  /** What the originals of its copies held, and when that was last looked at. */
  readonly sources: string;
  readonly lookedAtMs: number;
}

export function createRightsController(ports: RightsPorts): Controller {
  const { clock, log } = ports;
  return createQueueController(
    {
      name: "rights",
      subject: "namespace",
      failed: "agents' rights not set; it is tried again",
      concurrency: 4,
      clock,
      log,
    },
    new RightsWork(ports),
  );
}

class RightsWork implements QueueWork {
  readonly #ports: RightsPorts;
  readonly #sources: CopiedSources;
  /** What each namespace was last brought to: most changes of workloads change nothing here. */
  readonly #done = new Map<string, Done>();

  constructor(ports: RightsPorts) {
    this.#ports = ports;
    this.#sources = new CopiedSources(ports.client, ports.clock, FRESH_MS);
  }

  async wake(add: (key: string) => void): Promise<readonly (() => void)[]> {
    const { world, client, namespace: only } = this.#ports;
    // Namespaces whose last agent went while nobody led.
    const readNamespace = (role: unknown): string => textAt(role, "metadata", "namespace") ?? "";
    const { items } = await client.list(ROLES, only, readNamespace, { labelSelector: Label.AgentRights });
    for (const namespace of items) add(namespace);
    return wakeNamespaces(world, add);
  }

  forget(): void {
    this.#done.clear();
    this.#sources.clear();
  }

  async reconcile(namespace: string, signal: AbortSignal): Promise<RunResult | undefined> {
    const { world, client, settings, clock, log } = this.#ports;
    if (world.namespaces.get(undefined, namespace) === undefined) {
      this.#done.delete(namespace);
      return undefined;
    }
    const wanted = gatherRights(world, namespace, settings.pullSecrets);
    const what = canonicalJson(wanted);
    const done = this.#done.get(namespace);
    const isEmpty = areRightsEmpty(wanted);
    const hasCopies = wanted.copies.length > 0;
    const againMs = hasCopies ? COPY_AGAIN_MS : CHECK_AGAIN_MS;
    const nowMs = clock.monotonic();
    if (done?.what === what) {
      if (isEmpty) return undefined;
      const leftMs = againMs - (nowMs - done.lookedAtMs);
      if (leftMs > 0) return { requeueAfterMs: leftMs };
    }
    const sources = hasCopies ? await this.#sources.hashOf(wanted.copies, signal) : "";
    // Of most namespaces nothing changes, and then nothing of them is read.
    if (done?.what === what && done.sources === sources && nowMs - done.atMs < CHECK_AGAIN_MS) {
      this.#done.set(namespace, { ...done, lookedAtMs: nowMs });
      return { requeueAfterMs: againMs };
    }
    await actOnRights(
      client,
      wanted,
      (kind, name) => log.warn({ kind, namespace, name }, "object of another has the name that agents' rights need"),
      signal,
    );
    this.#done.set(namespace, { what, atMs: clock.monotonic(), sources, lookedAtMs: nowMs });
    if (done?.what !== what && !(isEmpty && done === undefined)) {
      const { serviceAccounts, copies } = wanted;
      log.info({ namespace, serviceAccounts, copies: copies.map(({ name }) => name) }, "agents' rights changed");
    }
    return isEmpty ? undefined : { requeueAfterMs: againMs };
  }
}

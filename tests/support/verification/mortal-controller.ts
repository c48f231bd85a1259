/** The controller of drills in this process, which can die at any of its writes. */
import { createDrillController } from "../../../reconciler/verification/controller.ts";
import type { World } from "../../../reconciler/world/informers.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { createLogger } from "../../../shared/log.ts";

/** How often a controller dies: each does so many writes, and dies with the answer to the last unread, or before it begins another. */
export interface Death {
  readonly writes: number;
  readonly isBeforeNext: boolean;
}

export interface Life {
  isDead(): boolean;
  stop(): Promise<void>;
}

class Killed extends Error {}

/** A controller from its start to its end. The informers stay: what they hold is the cluster's. */
export async function startLife(
  client: KubeClient,
  world: World,
  death: Death | undefined,
  count: { writes: number },
): Promise<Life> {
  let isDead = false;
  let isStopped = false;
  let writes = 0;
  const living = <A extends readonly unknown[], T>(call: (...args: A) => Promise<T>) => {
    return async (...args: A): Promise<T> => {
      if (isDead) throw new Killed();
      return call(...args);
    };
  };
  async function writing<T>(write: () => Promise<T>): Promise<T> {
    const isSpent = writes >= (death?.writes ?? Number.POSITIVE_INFINITY);
    if (isSpent) isDead = true;
    if (isDead) throw new Killed();
    const answer = await write();
    // What the server refused has changed nothing.
    writes += 1;
    count.writes += 1;
    if (writes === death?.writes && !death.isBeforeNext) isDead = true;
    if (isDead) throw new Killed();
    return answer;
  }
  const controller = createDrillController({
    world,
    client: {
      find: (resource, namespace, name, parse, options) =>
        living(() => client.find(resource, namespace, name, parse, options))(),
      list: (resource, namespace, parse, options) => living(() => client.list(resource, namespace, parse, options))(),
      read: (...call) => living(() => client.read(...call))(),
      create: (resource, namespace, body, parse, options) => {
        const create = () => client.create(resource, namespace, body, parse, options);
        return options?.dryRun === true ? living(create)() : writing(create);
      },
      patch: (resource, namespace, name, patch, parse, options) =>
        writing(() => client.patch(resource, namespace, name, patch, parse, options)),
      patchStatus: (resource, namespace, name, patch, parse, options) =>
        writing(() => client.patchStatus(resource, namespace, name, patch, parse, options)),
      delete: (...call) => writing(() => client.delete(...call)),
    },
    events: { record: () => undefined },
    settings: { image: "stash:1", nativeSidecar: false, followsImage: false },
    limits: { podWaitMs: 60_000 },
    clock: systemClock,
    log: createLogger("reconciler", process.env["STASH_BATCH_TEST_LOGS"] === undefined ? "error" : "debug"),
    evidence: { product: "1.0.0", readKey: () => undefined },
  });
  await controller.start();
  return {
    isDead: () => isDead,
    async stop() {
      if (isStopped) return;
      isStopped = true;
      isDead = true;
      await controller.stop();
    },
  };
}

/** Controllers of the reconciler in this process, on a real API server. */
import type { Controller } from "../../../reconciler/controller.ts";
import { DEFAULT_TROUBLE_LIMITS } from "../../../reconciler/injection/trouble.ts";
import { createInvokerControllers } from "../../../reconciler/invoker/all-controllers.ts";
import { createRepositoryController } from "../../../reconciler/repository/controller.ts";
import { createWorld, informersOf, type World } from "../../../reconciler/world/informers.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import { createEventRecorder } from "../../../shared/kube/events/recorder.ts";
import { createLogger } from "../../../shared/log.ts";
import { TEST_IMAGE } from "../webhook/running-webhook.ts";

export interface RunningControllers {
  readonly world: World;
  stop(): Promise<void>;
}

/** Starts the controllers around invokers and Repositories, with all informers filled. */
export async function startInvokerControllers(
  client: KubeClient,
  options: { readonly usesCronJobs?: boolean } = {},
): Promise<RunningControllers> {
  const world = createWorld({ client, onProblem: () => {}, onFail: () => {} });
  const informers = informersOf(world).map(([, informer]) => informer);
  for (const informer of informers) informer.start();
  await Promise.all(informers.map((informer) => informer.hasSynced()));
  const events = createEventRecorder({ client, source: { component: "tests" }, onDropped: () => {} });
  const ports = {
    world,
    client,
    events,
    settings: { image: TEST_IMAGE, nativeSidecar: false, followsImage: false },
    usesCronJobs: options.usesCronJobs ?? false,
    troubleLimits: DEFAULT_TROUBLE_LIMITS,
    maxUnavailableWorkloads: 20,
    namespace: undefined,
    clock: systemClock,
    log: createLogger("reconciler", process.env["STASH_BATCH_TEST_LOGS"] === undefined ? "error" : "debug"),
  };
  const controllers: readonly Controller[] = [...createInvokerControllers(ports), createRepositoryController(ports)];
  for (const controller of controllers) await controller.start();
  return {
    world,
    stop: async () => {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await events.stop();
      await Promise.all(informers.map((informer) => informer.stop()));
    },
  };
}

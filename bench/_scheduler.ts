/** The process that bench/schedule.ts measures: all informers and the schedule. Arguments: kubeconfig, number of invokers. */
import { createScheduleController } from "../reconciler/schedule/controller.ts";
import { scheduleWorld } from "../reconciler/world/for-schedule.ts";
import { createWorld, informersOf } from "../reconciler/world/informers.ts";
import { systemClock } from "../shared/clock.ts";
import { createKubeClient } from "../shared/kube/client/http.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { createLogger } from "../shared/log.ts";

const [, , kubeconfigPath = "", wanted = "0"] = process.argv;
const client = createKubeClient({
  connection: await findConnection({ env: {}, kubeconfigPath }),
  program: "bench-scheduler",
});
const world = createWorld({
  client,
  onProblem: (problem) => console.error(problem),
  onFail: () => process.exit(1),
});
for (const [, informer] of informersOf(world)) informer.start();
await Promise.all(informersOf(world).map(([, informer]) => informer.hasSynced()));
const controller = createScheduleController({
  world: scheduleWorld(world),
  client,
  clock: systemClock,
  log: createLogger("bench-scheduler", "warn"),
  startsSessions: true,
});
await controller.start();
const isAnnounced = (): boolean => {
  const announced = world.batches.list().filter(({ status }) => (status?.nextRuns?.length ?? 0) > 0);
  return announced.length >= Number(wanted);
};
while (!isAnnounced()) await new Promise((resolve) => setTimeout(resolve, 50));
process.send?.("ready");
process.on("SIGTERM", () => process.exit(0));

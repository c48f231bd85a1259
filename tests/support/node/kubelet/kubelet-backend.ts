/** What the kubelet port serves, taken from the node's pods. */
import { readLog } from "../pod/container-log.ts";
import { logPathOf } from "../pod/pod-containers.ts";
import type { PodWorkers } from "../pod/pod-workers.ts";
import { type ContainerName, type KubeletBackend, NotFoundError } from "./kubelet-server.ts";

export function createKubeletBackend(workers: PodWorkers): KubeletBackend {
  function find({ namespace, pod, container }: ContainerName) {
    const worker = workers.find(namespace, pod);
    const supervisor = worker?.container(container);
    if (worker === undefined || supervisor === undefined) {
      throw new NotFoundError(`container ${container} of pod ${namespace}/${pod} is not on this node`);
    }
    return { worker, supervisor };
  }
  return {
    readLogs(name, query, onText, onEnd) {
      const { worker, supervisor } = find(name);
      const { restartCount } = supervisor.facts;
      if (query.follow && !query.previous && supervisor.live !== undefined) {
        return supervisor.live.log.follow(query, onText, onEnd);
      }
      // A container that waits to start again counts as the one that ended.
      const hasEnded = supervisor.facts.state.kind === "waiting" && supervisor.facts.last !== undefined;
      const run = restartCount - (query.previous && !hasEnded ? 1 : 0);
      if (run < 0) throw new NotFoundError(`previous terminated container ${name.container} not found`);
      onText(readLog(logPathOf(worker.dir, name.container, run), query));
      onEnd();
      return () => undefined;
    },
    findLive(name) {
      const { live } = find(name).supervisor;
      if (live === undefined) throw new NotFoundError(`container ${name.container} does not run`);
      return live;
    },
  };
}

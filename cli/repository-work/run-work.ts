/** Work on a repository by a Job: what restic says is shown as it comes, and its end is this command's. */
import { setTimeout as sleep } from "node:timers/promises";
import { Container } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { PODS } from "../cluster/resources.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { lineWriter } from "../terminal/line-writer.ts";
import { plainText } from "../terminal/plain-text.ts";
import type { WorkOrder } from "./build-work-job.ts";
import type { WorkView } from "./gather-work.ts";
import { awaitWorkPod, createWorkJob, exitCodeOf, type WorkPod } from "./work-pod.ts";

const POLL_MS = 250;

/** @returns Good when restic ended well, else Fault */
export async function runWork(
  input: Input,
  cluster: Cluster,
  view: WorkView,
  order: Pick<WorkOrder, "what" | "args">,
): Promise<ExitCode> {
  const { terminal } = input;
  const work = await createWorkJob(cluster, view, order, input.flags);
  const place = `${work.namespace}/${work.job}`;
  const see = `kubectl logs -f job/${work.job} -n ${work.namespace}`;
  const stop = `kubectl delete job ${work.job} -n ${work.namespace}`;
  input.leavesBehind(`Job ${place} goes on in the cluster; see how: ${see}; stop it: ${stop}`);
  const pod = await awaitWorkPod(cluster, work);
  const { stream, end } = lineWriter((line) => terminal.print(plainText(line)));
  const choice = { pod: pod.pod, container: Container.Sidecar, follow: true, since: undefined };
  const stopLog = await cluster.copyLog(pod.namespace, choice, stream);
  const exitCode = await awaitEnd(cluster, pod);
  // The log may be a moment behind the end.
  await Promise.race([end, sleep(2_000)]);
  stopLog.abort();
  input.leavesBehind(undefined);
  if (exitCode === 0) return ExitCode.Good;
  terminal.note(`error: Job ${place} failed with exit code ${exitCode} (next: look at what it said; ${see})`);
  return ExitCode.Fault;
}

async function awaitEnd(cluster: Cluster, { namespace, pod, job }: WorkPod): Promise<number> {
  for (;;) {
    const found = await cluster.find(PODS, namespace, pod);
    if (found === undefined) {
      throw new UserError("EXECUTOR_LOST", `Job ${namespace}/${job} is gone before it had ended`, {
        next: "somebody deleted it, or its node is gone; run the command again",
      });
    }
    const exitCode = exitCodeOf(found);
    if (exitCode !== undefined) return exitCode;
    await sleep(POLL_MS);
  }
}

/** Work on a repository by a Job: what restic says is shown as it comes, and its end is this command's. */
import { setTimeout as sleep } from "node:timers/promises";
import { Container } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { toUserError } from "../../shared/kube/client/error.ts";
import type { Cluster } from "../cluster/interface.ts";
import { patiently } from "../cluster/patience.ts";
import { PODS } from "../cluster/resources.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import type { Terminal } from "../terminal/interface.ts";
import { lineWriter } from "../terminal/line-writer.ts";
import { plainText } from "../terminal/plain-text.ts";
import type { WorkOrder } from "./build-work-job.ts";
import { wordsOfExit } from "./exit-words.ts";
import type { WorkView } from "./gather-work.ts";
import { awaitWorkPod, createWorkJob, exitCodeOf, removeWorkJob, type WorkJob, type WorkPod } from "./work-pod.ts";

const POLL_MS = 250;
const LOG_LAG_MS = 2_000;

/**
 * @returns Good when restic ended well, else Fault
 * @throws UserError CONTAINER_NOT_STARTED, and the Job is gone; whatever else is thrown, it goes on and people are told
 */
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
  const goesOn = `Job ${place} goes on in the cluster; see how: ${see}; stop it: ${stop}`;
  input.leavesBehind(goesOn);
  try {
    const exitCode = await followWork(cluster, work, terminal);
    if (exitCode === 0) return ExitCode.Good;
    const { why, next } = wordsOfExit(exitCode, view.repository.metadata, input.programName);
    const look = `look at what it said; ${see}`;
    terminal.note(`error: Job ${place} failed with exit code ${exitCode}${why} (next: ${next ?? look})`);
    return ExitCode.Fault;
  } catch (thrown) {
    if (toUserError(thrown).code === "CONTAINER_NOT_STARTED") await removeWorkJob(cluster, work, terminal);
    else if (toUserError(thrown).code !== "EXECUTOR_LOST") terminal.note(goesOn);
    throw thrown;
  } finally {
    input.leavesBehind(undefined);
  }
}

/** @returns the exit code of its container */
async function followWork(cluster: Cluster, work: WorkJob, terminal: Terminal): Promise<number> {
  const onWait = (message: string) => terminal.note(`still waiting: ${message}`);
  const pod = await awaitWorkPod(cluster, work, onWait);
  const { stream, end } = lineWriter((line) => terminal.print(plainText(line)));
  const choice = { pod: pod.pod, container: Container.Sidecar, follow: true, since: undefined };
  const stopLog = await patiently(() => cluster.copyLog(pod.namespace, choice, stream), { onWait });
  try {
    const exitCode = await awaitEnd(cluster, pod, onWait);
    // The log may be a moment behind the end.
    await Promise.race([end, sleep(LOG_LAG_MS)]);
    return exitCode;
  } finally {
    stopLog.abort();
  }
}

async function awaitEnd(
  cluster: Cluster,
  { namespace, pod, job }: WorkPod,
  onWait: (message: string) => void,
): Promise<number> {
  for (;;) {
    const found = await patiently(() => cluster.find(PODS, namespace, pod), { onWait });
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

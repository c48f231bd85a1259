/** Runs a global hook in a throw-away Job of the invoker's namespace, and tells how it ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { type HostRun, parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { type Backoff, nextBackoffMs } from "../../shared/backoff.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { HookFailure } from "../../shared/hooks/failure.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { listAt, textAt } from "../../shared/json/value.ts";
import { isAlreadyExists, isConflict, isNotFound, KubeError } from "../../shared/kube/client/error.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import { JOBS, PODS, ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from "../../shared/kube/resources.ts";
import type { Logger } from "../../shared/log.ts";
import { inNamespace, type NamespaceClient } from "../authority.ts";
import { gatherLimitRanges } from "../jobs/gather.ts";
import { buildHostRun, type RunOwner } from "../run/host-runs.ts";
import { type HookJobPlan, hookOrder, planHookJob } from "./job.ts";
import type { HookRun } from "./plan.ts";
import { NotBegunError } from "./until-begun.ts";
import { whyNotBegun } from "./why-not-begun.ts";

export interface HookJobPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: InjectionSettings;
  readonly log: Pick<Logger, "warn">;
}

const POLL_MS = 250;

/**
 * @param signal ends the hook, and with it the Job
 * @returns what it printed
 * @throws NotBegunError when its time was over before the job ran; UserError HOOK_FAILED; KubeError
 */
export async function runHookJob(
  ports: HookJobPorts,
  owner: RunOwner,
  run: HookRun,
  signal: AbortSignal,
): Promise<string> {
  const { settings } = ports;
  const client = patientReader(ports.client, signal);
  const ranges = await gatherLimitRanges(client, owner.namespace, signal);
  const plan = planHookJob(owner, run, settings, ranges);
  const inside = patientInside(inNamespace(ports.client, owner.namespace), signal);
  const jobUid = await makeJob(inside, plan, signal);
  try {
    const pod = await untilPod(client, plan, jobUid, signal);
    const order = { name: plan.name, spec: hookOrder(owner, run, pod) };
    await createOnce(inside, KINDS.HostRun, buildHostRun(owner, order), signal);
    return outputOf(await untilEnd(client, plan, pod, signal));
  } catch (error) {
    // Before anybody is told that it failed: its pod must not begin with it afterwards.
    await takeBack(ports, plan);
    throw await explained(ports, plan, error, signal);
  } finally {
    // With its pod: a hook that was cut off must not go on. What is left behind goes with the run.
    await inside
      .delete(JOBS, plan.name, { uid: jobUid, propagationPolicy: "Background" })
      .catch((error) => ports.log.warn({ job: plan.name, error: messageOf(error) }, "hook's job not deleted"));
  }
}

/** An order that can't be taken back now is with the next look at its run. */
const TAKE_BACK_MS = 5_000;

async function takeBack({ client, log }: HookJobPorts, { namespace, name }: HookJobPlan): Promise<void> {
  const cancel = { reason: "HOOK_FAILED", message: "the hook was given up" };
  const signal = AbortSignal.timeout(TAKE_BACK_MS);
  const patch = { kind: "merge", body: { spec: { cancel } } } as const;
  try {
    await inNamespace(client, namespace).patch(KINDS.HostRun, name, patch, asIs, { signal });
  } catch (error) {
    if (!isNotFound(error)) log.warn({ job: name, error: messageOf(error) }, "order of a hook not taken back");
  }
}

/** Who was cut off while its job waited for something says for what. */
async function explained(
  { client, log }: HookJobPorts,
  plan: HookJobPlan,
  error: unknown,
  { aborted }: AbortSignal,
): Promise<unknown> {
  if (!aborted) return error;
  try {
    const why = await whyNotBegun(client, plan);
    return why === undefined ? error : new NotBegunError(`it never began: ${why}`, { cause: error });
  } catch (fault) {
    log.warn({ job: plan.name, error: messageOf(fault) }, "what a hook's job waited for is not known");
    return error;
  }
}

const BACKOFF: Backoff = { baseMs: 250, maxMs: 5_000 };

/**
 * The Job goes on by itself while the API server is away, so each call is made until it is answered. Repeating is harmless: names are
 * settled, and what exists was made before.
 */
function patience(signal: AbortSignal) {
  return async <T>(send: () => Promise<T>): Promise<T> => {
    for (let failures = 0; ; failures += 1) {
      try {
        return await send();
      } catch (error) {
        const mayPass = error instanceof KubeError && error.retryable && !isConflict(error);
        if (!mayPass || signal.aborted) throw error;
        await sleep(nextBackoffMs(BACKOFF, failures, Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
  };
}

type Reader = Pick<KubeClient, "find" | "list">;

function patientReader(client: Reader, signal: AbortSignal): Reader {
  const answered = patience(signal);
  return {
    find: (...args) => answered(() => client.find(...args)),
    list: (...args) => answered(() => client.list(...args)),
  };
}

/** @param inside behind the guard */
function patientInside(inside: NamespaceClient, signal: AbortSignal): NamespaceClient {
  const answered = patience(signal);
  return {
    ...inside,
    find: (...args) => answered(() => inside.find(...args)),
    create: (...args) => answered(() => inside.create(...args)),
  };
}

async function createOnce(
  inside: NamespaceClient,
  resource: Resource,
  object: object,
  signal: AbortSignal,
): Promise<void> {
  try {
    await inside.create(resource, object, asIs, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** @returns the Job's uid */
async function makeJob(inside: NamespaceClient, plan: HookJobPlan, signal: AbortSignal): Promise<string> {
  const { namespace, name } = plan;
  await createOnce(inside, SERVICE_ACCOUNTS, plan.account, signal);
  await createOnce(inside, ROLES, plan.role, signal);
  await createOnce(inside, ROLE_BINDINGS, plan.binding, signal);
  await createOnce(inside, JOBS, plan.job, signal);
  const job = await inside.find(JOBS, name, asIs, { signal });
  const wanted = listAt(plan.job, "metadata", "ownerReferences").map((owner) => textAt(owner, "uid"))[0];
  const isOurs = listAt(job, "metadata", "ownerReferences").some((owner) => textAt(owner, "uid") === wanted);
  const uid = textAt(job, "metadata", "uid");
  if (isOurs && uid !== undefined) return uid;
  throw new UserError("HOOK_FAILED", `a job named ${namespace}/${name} belongs to somebody else`, {
    next: "Delete that job, or rename it.",
  });
}

async function podsOf(client: Reader, plan: HookJobPlan, jobUid: string, signal: AbortSignal) {
  const selection = { labelSelector: `job-name=${plan.name}`, signal };
  const { items } = await client.list(PODS, plan.namespace, asIs, selection);
  return items.filter((pod) =>
    listAt(pod, "metadata", "ownerReferences").some((owner) => textAt(owner, "uid") === jobUid),
  );
}

async function untilPod(client: Reader, plan: HookJobPlan, jobUid: string, signal: AbortSignal) {
  for (;;) {
    signal.throwIfAborted();
    for (const pod of await podsOf(client, plan, jobUid, signal)) {
      const name = textAt(pod, "metadata", "name");
      const uid = textAt(pod, "metadata", "uid");
      if (name !== undefined && uid !== undefined) return { name, uid };
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function untilEnd(
  client: Reader,
  plan: HookJobPlan,
  pod: { readonly name: string; readonly uid: string },
  signal: AbortSignal,
): Promise<HostRun> {
  let endedAtMs: number | undefined;
  for (;;) {
    signal.throwIfAborted();
    const run = await client.find(KINDS.HostRun, plan.namespace, plan.name, parseHostRun, { signal });
    if (run === undefined) throw new UserError("HOOK_FAILED", "the order of the hook's job is gone");
    if (run.status?.phase === "Succeeded" || run.status?.phase === "Failed") return run;
    const now = await client.find(PODS, plan.namespace, pod.name, asIs, { signal }).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    const phase = now === undefined ? "Failed" : textAt(now, "status", "phase");
    if (phase === "Failed" || phase === "Succeeded") {
      // What it told last may come a moment later than its end.
      endedAtMs ??= performance.now();
      if (performance.now() - endedAtMs > 2_000) throw new UserError("HOOK_FAILED", "its job ended without a report");
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function outputOf({ status }: HostRun): string {
  const record = status?.hooks?.at(-1);
  if (status?.phase === "Succeeded") return record?.output ?? "";
  throw new HookFailure(status?.error || record?.message || "the hook failed", record?.output ?? "");
}

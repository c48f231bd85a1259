/**
 * Starts a hook whose intent is recorded. From a before-hook on its after-hook is owed: before it starts the run is held by a finalizer,
 * and what is owed is kept where only the reconciler writes.
 */
import { parseHostRun } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import { Finalizer } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { isAlreadyExists, isConflict, KubeError } from "../../shared/kube/client/error.ts";
import type { Parse } from "../../shared/kube/client/interface.ts";
import { buildOwedRun } from "../hooks/owed.ts";
import type { HookRun } from "../hooks/plan.ts";
import { isHeld } from "./deleted.ts";
import type { ActOutcome, ActPorts } from "./kind.ts";
import { type RunObject, runOwnerOf } from "./view.ts";

/** Of a kind of run, all that is needed here. */
interface ParsesRun<Run> {
  parserOf(run: Run): Parse<Run>;
}

/** @throws KubeError when the API server can't be reached; then the hook has not started, and is started with a later look */
export async function beginHook<Run extends RunObject, Memory>(
  kind: ParsesRun<Run>,
  ports: ActPorts<Run, Memory>,
  key: string,
  run: Run,
  hook: HookRun,
): Promise<ActOutcome> {
  const { hooks, wake } = ports;
  if (hooks.refuseLate(hook, wake)) return "done";
  if (hook.owes === undefined) {
    hooks.start(hook, wake);
    return "done";
  }
  try {
    await hold(kind, ports, key, run);
    const placed = await hooks.placed(hook, ports.signal);
    await keepOwed(ports, run, placed);
    if (!hooks.refuseLate(placed, wake)) hooks.start(placed, wake);
  } catch (error) {
    const words = whyNever(error);
    if (words === undefined) throw error;
    hooks.refuse(hook, words, wake);
  }
  return "done";
}

/** Why it can't start at all; undefined for what may pass. */
function whyNever(error: unknown): string | undefined {
  if (error instanceof UserError) return error.retryable ? undefined : messageOf(error);
  return error instanceof KubeError && !error.retryable ? `not started: ${error.message}` : undefined;
}

async function keepOwed(
  { client, signal }: Pick<ActPorts<RunObject, unknown>, "client" | "signal">,
  run: RunObject,
  hook: HookRun,
): Promise<void> {
  if (hook.owes === undefined) return;
  const { place } = hook;
  const kept = place && {
    pod: place.pod,
    container: place.container,
    behindApp: place.behindApp,
    ranIn: place.ranIn,
  };
  const object = buildOwedRun(runOwnerOf(run), hook.key, hook.owes, kept);
  try {
    await client.create(KINDS.HostRun, run.metadata.namespace, object, parseHostRun, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}

/** Others may write the run at the same time. */
const TRIES = 5;

/** Puts the finalizer on the run. @throws KubeError, also when the run is gone or being deleted */
async function hold<Run extends RunObject, Memory>(
  kind: ParsesRun<Run>,
  { client, memories, signal }: ActPorts<Run, Memory>,
  key: string,
  run: Run,
): Promise<void> {
  const parse = kind.parserOf(run);
  let newest = memories.newest(key, run) ?? run;
  for (let tries = 1; !isHeld(newest); tries += 1) {
    const { namespace, name, uid, resourceVersion, finalizers = [] } = newest.metadata;
    const metadata = { uid, resourceVersion, finalizers: [...finalizers, Finalizer.AfterHooks] };
    try {
      newest = await client.patch(KINDS[run.kind], namespace, name, { kind: "merge", body: { metadata } }, parse, {
        signal,
      });
      memories.keepWrite(key, newest);
    } catch (error) {
      if (!isConflict(error) || tries >= TRIES) throw error;
      newest = (await client.find(KINDS[run.kind], namespace, name, parse, { signal })) ?? newest;
      if (newest.metadata.uid !== uid) throw error;
    }
  }
}

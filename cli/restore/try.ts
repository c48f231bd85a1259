/**
 * Has the cluster itself find out what a restore would do: by a RestoreBatch that is a dry run, which is made for that and taken away again,
 * whatever becomes of it.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { KINDS } from "../../shared/api/kinds.ts";
import { parseRestoreBatch, type RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import { NAME_MAX_LENGTH, nameWithSuffix } from "../../shared/names.ts";
import { isFinalRestorePhase } from "../../shared/status/restore-phase.ts";
import { createMadeObjects } from "../clone/made-objects.ts";
import type { Cluster } from "../cluster/interface.ts";
import { patiently } from "../cluster/patience.ts";
import type { Input } from "../program/command.ts";
import { plainText } from "../terminal/plain-text.ts";

/** A look at a large repository takes a while; who wants more says so. */
const LIMIT_MS = 10 * 60_000;
const POLL_MS = 500;
const NAME_BYTES = 3;

/** A name that no other has: two people may plan at once. */
function tryName(batch: string): string {
  return nameWithSuffix(batch, `plan-${randomBytes(NAME_BYTES).toString("hex")}`, NAME_MAX_LENGTH);
}

/** The same restore as a dry run, under another name. */
function buildTried(restore: RestoreBatch, name: string): RestoreBatch {
  return { ...restore, metadata: { ...restore.metadata, name }, spec: { ...restore.spec, dryRun: true } };
}

/**
 * Tries.
 *
 * @param batch name of the batch, of which the object takes its own
 * @returns the dry run at its end, which may be a failure
 * @throws UserError DEADLINE_EXCEEDED, or what the API server says of the restore
 */
export async function tryRestore(
  input: Input,
  cluster: Cluster,
  { restore, batch, limitMs = LIMIT_MS }: { restore: RestoreBatch; batch: string; limitMs?: number | undefined },
): Promise<RestoreBatch> {
  const { namespace } = restore.metadata;
  const note = (text: string) => input.terminal.note(plainText(text));
  const made = createMadeObjects({ cluster, note, leavesBehind: input.leavesBehind });
  const tried = buildTried(restore, tryName(batch));
  try {
    if (!(await made.lend(KINDS.RestoreBatch, namespace, tried))) {
      throw new UserError("NOT_ALLOWED", `RestoreBatch ${namespace}/${tried.metadata.name} is there already`, {
        next: "run it again",
      });
    }
    return await awaitEnd(cluster, tried.metadata, { limitMs, note });
  } finally {
    await made.tidy();
  }
}

interface Waiting {
  readonly limitMs: number;
  readonly note: (text: string) => void;
}

async function awaitEnd(
  cluster: Cluster,
  { namespace, name }: RestoreBatch["metadata"],
  { limitMs, note }: Waiting,
): Promise<RestoreBatch> {
  const deadline = performance.now() + limitMs;
  let told = "";
  const onWait = (message: string) => note(`still waiting: ${message}`);
  for (;;) {
    const found = await patiently(() => cluster.find(KINDS.RestoreBatch, namespace, name), { until: deadline, onWait });
    if (found === undefined) {
      throw new UserError("CANCELLED", `RestoreBatch ${namespace}/${name} is gone before it had told its plan`, {
        next: "somebody deleted it; run the command again",
      });
    }
    const tried = parseRestoreBatch(found);
    const { phase, reason, message } = tried.status ?? {};
    if (isFinalRestorePhase(phase)) return tried;
    const why = [reason, message].filter(Boolean).join(": ");
    if (why !== "" && why !== told) onWait(why);
    told = why;
    if (performance.now() > deadline) {
      const nobody = "no reconciler has looked at it";
      throw new UserError("DEADLINE_EXCEEDED", `the dry run did not end in time: ${why || (phase ?? nobody)}`, {
        next: "allow more with --timeout, or see what is wrong with `doctor`",
      });
    }
    await sleep(Math.max(0, Math.min(POLL_MS, deadline - performance.now())));
  }
}

/** The last edge: whatever happens behind it, a review gets an answer that was chosen. */
import { Label } from "../shared/contract.ts";
import { messageOf } from "../shared/errors.ts";
import { textMapAt } from "../shared/injection/workload.ts";
import type { Logger } from "../shared/log.ts";
import type { Reasons } from "./decide.ts";
import { type GatherMutation, mutate } from "./mutate.ts";
import type { Answer, ParsedReview } from "./review.ts";

export interface AnswerPorts {
  readonly gather: GatherMutation;
  readonly excludedNamespaces: readonly string[];
  readonly countReasons: (reasons: Reasons) => void;
  readonly log: Pick<Logger, "debug" | "info" | "error">;
}

/**
 * Answers a review of `/mutate`. A fault of ours never stops a workload that did not ask for a backup; one that asked by
 * label is refused, as it would be if we were not there at all.
 */
export function answerMutation({ request }: ParsedReview, ports: AnswerPorts): Answer {
  const { kind, namespace, name } = request;
  if (ports.excludedNamespaces.includes(namespace)) return { isAllowed: true };
  try {
    const { answer, reasons } = mutate(request, ports.gather);
    ports.countReasons(reasons);
    const fields = { kind, namespace, name, reason: reasons.backup, restoreReason: reasons.restore };
    if (answer.patch !== undefined && answer.patch.length > 0) ports.log.info(fields, "workload changed");
    else ports.log.debug(fields, answer.isAllowed ? "workload left as it is" : "workload refused");
    return answer;
  } catch (error) {
    ports.log.error({ kind, namespace, name, err: error }, "decision failed");
    const message = `no decision on ${kind} ${namespace}/${name}: ${messageOf(error)}`;
    const hasAsked = textMapAt(request.object, "metadata", "labels")[Label.BackupBatch] !== undefined;
    if (hasAsked) return { isAllowed: false, message: `${message} (next: report it with the webhook's log)` };
    return { isAllowed: true, warnings: [message] };
  }
}

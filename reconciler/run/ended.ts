/** The end of a run: the mark that everything is recorded. Pure. */
import { formatRoundedDuration } from "../../shared/duration.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { hasCondition } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";
import { withEntryCondition } from "./entries.ts";
import type { RunStatus } from "./facts.ts";
import { createdAtMs, type RunObject, type RunView } from "./view.ts";

/** Whether the mark is there that nothing more is recorded. */
export function isRecorded({ conditions }: Pick<RunStatus, "conditions">): boolean {
  return hasCondition(conditions, ConditionType.MetricsPushed);
}

/** The status with that mark; the phase follows. */
export function withEnd<Status extends RunStatus>(view: RunView<RunObject, Status>, status: Status, now: Date): Status {
  const ended = {
    ...status,
    completionTime: formatTime(now),
    sessionDuration: formatRoundedDuration(Math.max(0, now.getTime() - createdAtMs(view))),
  };
  const message = "everything is recorded";
  const mark = {
    type: ConditionType.MetricsPushed,
    status: "True",
    reason: "SuccessfullyPushedMetrics",
    message,
  } as const;
  return withEntryCondition(ended, mark, now);
}

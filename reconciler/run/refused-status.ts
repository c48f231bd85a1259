/** What is written when the API server refuses a run's status: first its shortest form, then its end. Pure. */
import type { Condition } from "../../shared/api/condition.ts";
import { isJsonObject } from "../../shared/json/value.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { withCondition } from "../../shared/status/conditions.ts";
import { formatTime } from "../../shared/timestamps.ts";

/** Fields of free text: what programs printed and why something failed. All others are facts that decisions need. */
const FREE_TEXTS: ReadonlySet<string> = new Set(["message", "output", "error", "warnings"]);
const SHORT_TEXT = 200;
const FEW_TEXTS = 3;
/** Conditions take 32 KiB; an API server that refuses repeats the value that it minds. */
const WORDS_LENGTH = 1_000;

/**
 * The status with its free texts cut. That is less to refuse: a hook's output, a list of files, a long error.
 *
 * @returns a new value; everything that is no free text is as it was
 */
export function withShortTexts(status: unknown): unknown {
  if (Array.isArray(status)) return status.map(withShortTexts);
  if (!isJsonObject(status)) return status;
  return Object.fromEntries(
    Object.entries(status).map(([key, value]) => [key, FREE_TEXTS.has(key) ? cut(value) : withShortTexts(value)]),
  );
}

function cut(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, FEW_TEXTS).map(cut);
  return typeof value === "string" && value.length > SHORT_TEXT ? `${value.slice(0, SHORT_TEXT)}...` : value;
}

/** Of a BackupSession or a restore. */
export interface EndableStatus {
  readonly conditions?: readonly Condition[];
}

/**
 * The end of a run whose status the API server refuses in every form: the status that it has, and why nothing more follows.
 * `MetricsPushed` is the mark that nothing more is recorded; False makes it a failure.
 *
 * @param status as the API server has it
 * @param words the API server's own
 */
export function withRefusal<Status extends EndableStatus>(
  status: Status,
  words: string,
  now: Date,
): Status & { readonly phase: "Failed"; readonly completionTime: string } {
  const message = `the API server refuses the status, so nothing more can be recorded: ${words.slice(0, WORDS_LENGTH)}`;
  const mark = { type: ConditionType.MetricsPushed, status: "False", reason: "FailedToPushMetrics", message } as const;
  return {
    ...status,
    conditions: withCondition(status.conditions, mark, now),
    completionTime: formatTime(now),
    phase: "Failed",
  };
}

/** Whether hosts of a restore are tried again, from its recorded facts. Pure. */
import { ERRORS, isErrorCode } from "../../shared/errors.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isConditionTrue } from "../../shared/status/conditions.ts";
import type { HostEntry } from "../run/entries.ts";
import type { RestoreStatus } from "./restore-status.ts";
import type { RestoreView } from "./view.ts";

/** Whether a failed host gets another try by the restore's retryConfig. */
export function isHostRetryLeft(view: RestoreView, status: RestoreStatus, host: HostEntry): boolean {
  const { retry } = view.invoker;
  if (retry === undefined || host.phase !== "Failed" || (status.retries ?? 0) >= retry.maxRetry) return false;
  if (isConditionTrue(status.conditions, ConditionType.DeadlineExceeded)) return false;
  const { reason } = host;
  return reason === undefined || !isErrorCode(reason) || ERRORS[reason].retryable || reason === "RESTIC_FAILED";
}

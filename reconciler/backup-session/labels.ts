/** The labels by which sessions are found. Pure. */
import { backupSessionLabels } from "../../shared/build-backup-session.ts";
import { Label, TARGET_LABEL_PREFIX } from "../../shared/contract.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { SessionView } from "./view.ts";

function isNeeded(key: string): boolean {
  return key === Label.InvokerType || key === Label.InvokerName || key.startsWith(TARGET_LABEL_PREFIX);
}

/** Labels that a session must carry so that its agents and its history find it; undefined when it carries them all. */
export function missingLabels(view: SessionView): Readonly<Record<string, string>> | undefined {
  const { object, invoker, status } = view;
  if (invoker === undefined || isFinalSessionPhase(status.phase)) return undefined;
  const present = object.metadata.labels ?? {};
  const missing = Object.entries(backupSessionLabels(invoker.view)).filter(
    ([key, value]) => isNeeded(key) && present[key] !== value,
  );
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}

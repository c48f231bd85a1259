/** The labels by which sessions are found. Pure. */
import { Label } from "../../shared/contract.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { targetLabelKey } from "../../shared/target.ts";
import type { SessionView } from "./view.ts";

/** Labels that a session must carry so that its agents find it; undefined when it carries them all. */
export function missingLabels(view: SessionView): Readonly<Record<string, string>> | undefined {
  const { session, invoker } = view;
  if (invoker === undefined || isFinalSessionPhase(session.status?.phase)) return undefined;
  const wanted: Record<string, string> = {
    [Label.InvokerType]: invoker.view.kind,
    [Label.InvokerName]: invoker.view.name,
    ...Object.fromEntries(invoker.view.members.map(({ ref }) => [targetLabelKey(ref), "true"])),
  };
  const present = session.metadata.labels ?? {};
  const missing = Object.entries(wanted).filter(([key, value]) => present[key] !== value);
  return missing.length === 0 ? undefined : Object.fromEntries(missing);
}

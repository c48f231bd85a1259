/** Which databases the drills of a BackupVerifier bring back: those of its invoker. Pure. */
import type { VerifiedInvoker } from "../api/backup-verifier.ts";
import { KINDS } from "../api/kinds.ts";
import { listAt, textAt, valueAt } from "../json/value.ts";
import type { EffectView } from "./of-object.ts";

/** @param raw the invoker, also one that nothing of ours could parse */
export function verifiedDatabases(
  kind: VerifiedInvoker["kind"],
  namespace: string,
  raw: unknown,
): NonNullable<EffectView["verified"]> {
  const targets = kind === "BackupBatch" ? listAt(raw, "spec", "members") : [valueAt(raw, "spec")];
  return targets.flatMap((member) => {
    const name = textAt(member, "target", "ref", "name");
    const isApp = textAt(member, "target", "ref", "kind") === KINDS.AppBinding.kind;
    return isApp && name ? [{ namespace: textAt(member, "target", "ref", "namespace") || namespace, name }] : [];
  });
}

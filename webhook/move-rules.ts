/** Rules of a RestoreSession at their deprecated place are moved to where everything reads them. */
import { listAt, valueAt } from "../shared/json/value.ts";
import type { PatchOperation } from "./patch.ts";

/**
 * Moves `spec.rules` to `spec.target.rules`. Where the target has rules of its own those stay, since they are what the
 * author wrote last, and the deprecated ones go.
 *
 * @param restoreSession raw object
 */
export function moveDeprecatedRules(restoreSession: unknown): readonly PatchOperation[] {
  const rules = listAt(restoreSession, "spec", "rules");
  if (rules.length === 0) return [];
  const remove: PatchOperation = { op: "remove", path: "/spec/rules" };
  const target = valueAt(restoreSession, "spec", "target");
  if (listAt(target, "rules").length > 0) return [remove];
  const add: PatchOperation =
    target === undefined || target === null
      ? { op: "add", path: "/spec/target", value: { rules } }
      : { op: "add", path: "/spec/target/rules", value: rules };
  return [add, remove];
}

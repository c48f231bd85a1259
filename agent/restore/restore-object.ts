/** Which object a restore is. */
import { UserError } from "../../shared/errors.ts";
import type { ObjectPath } from "../kube/api.ts";

/** @throws UserError CONFIGURATION_INVALID when the kind is no restore */
export function restoreObject(kind: string, namespace: string, name: string): ObjectPath {
  if (kind === "RestoreSession" || kind === "RestoreBatch") return { kind, namespace, name };
  throw new UserError("CONFIGURATION_INVALID", `--invoker-kind ${kind} is neither RestoreSession nor RestoreBatch`);
}

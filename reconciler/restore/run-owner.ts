import type { RunOwner } from "../run/host-runs.ts";
import type { RestoreObject } from "./restore-status.ts";

/** A restore as the owner of its host runs. */
export function runOwnerOf({ apiVersion, kind, metadata }: RestoreObject): RunOwner {
  const { namespace, name, uid = "" } = metadata;
  return { apiVersion, kind, namespace, name, uid };
}

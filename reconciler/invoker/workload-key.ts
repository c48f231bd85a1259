/** The key under which the injection's queue knows a workload: `Kind/namespace/name`, as targetKey() writes it. */
import { UserError } from "../../shared/errors.ts";
import type { World } from "../world/informers.ts";
import { isWorkloadKind, type WorkloadKind, type WorkloadObject } from "../world/workload-object.ts";

export interface WorkloadId {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** @returns undefined when the key is that of a target of another kind */
export function parseWorkloadKey(key: string): WorkloadId | undefined {
  const [kind = "", namespace, name] = key.split("/");
  if (!namespace || !name) throw new UserError("INTERNAL", `${JSON.stringify(key)} is no key of a target`);
  return isWorkloadKind(kind) ? { kind, namespace, name } : undefined;
}

export function findWorkload(world: World, { kind, namespace, name }: WorkloadId): WorkloadObject | undefined {
  return world.workloads[kind].get(namespace, name);
}

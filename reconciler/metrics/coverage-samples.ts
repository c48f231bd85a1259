/**
 * Workloads whose data nothing saves. Pure. Databases that are saved through an AppBinding of another name look as if they were not:
 * only `coverage` follows Services to pods.
 */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { Label } from "../../shared/contract.ts";
import { isOptedOut } from "../../shared/injection/opt-out.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import type { WorkloadObject } from "../world/workload-object.ts";
import type { GaugeSpec, Sample } from "./gauge-table.ts";

const NAME = "stash_batch_uncovered_workloads";

export const COVERAGE_GAUGES: readonly GaugeSpec[] = [
  { name: NAME, labelNames: ["namespace"], help: "workloads with volume claims that no batch names" },
];

export interface CoverageFacts {
  readonly workloads: Iterable<Pick<WorkloadObject, "facts" | "hasClaims">>;
  readonly invokers: readonly (BackupConfiguration | BackupBatch)[];
  /** Undefined where nothing is known of it. */
  namespaceOf(name: string): NamespaceFacts | undefined;
}

/** One sample a namespace that has workloads with claims, covered or not. No pod template is read: there are tens of thousands. */
export function* coverageSamples({ workloads, invokers, namespaceOf }: CoverageFacts): Generator<Sample> {
  const named = new Set(invokers.flatMap(targetsOf));
  const batches = new Set(
    invokers
      .filter(({ kind }) => kind === "BackupBatch")
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
  const counts = new Map<string, number>();
  for (const { facts: workload, hasClaims } of workloads) {
    if (!hasClaims) continue;
    const { namespace, name, labels } = workload;
    const isOut = isOptedOut({ workload, namespace: namespaceOf(namespace) });
    const isCovered =
      named.has(targetKey(workload)) ||
      named.has(targetKey({ kind: "AppBinding", namespace, name })) ||
      batches.has(`${namespace}/${labels[Label.BackupBatch]}`);
    counts.set(namespace, (counts.get(namespace) ?? 0) + (isOut || isCovered ? 0 : 1));
  }
  for (const [namespace, value] of counts) yield { name: NAME, labels: { namespace }, value };
}

function targetsOf(invoker: BackupConfiguration | BackupBatch): readonly string[] {
  const targets =
    invoker.kind === "BackupBatch" ? (invoker.spec.members ?? []).map(({ target }) => target) : [invoker.spec.target];
  return targets.map((target) => targetKey(resolveTargetRef(target?.ref, invoker.metadata.namespace)));
}

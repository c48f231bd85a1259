/**
 * Workloads whose data nothing saves. Pure. Databases that are saved through an AppBinding of another name look as if they were not:
 * only `coverage` follows Services to pods.
 */
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { volumesWithClaims } from "../../shared/claim-volumes.ts";
import { Annotation, INJECT_DISABLED, Label } from "../../shared/contract.ts";
import type { WorkloadFacts } from "../../shared/injection/workload.ts";
import { resolveTargetRef, targetKey } from "../../shared/target.ts";
import type { GaugeSpec, Sample } from "./gauge-table.ts";

const NAME = "stash_batch_uncovered_workloads";

export const COVERAGE_GAUGES: readonly GaugeSpec[] = [
  { name: NAME, labelNames: ["namespace"], help: "workloads with volume claims that no batch names" },
];

export interface CoverageFacts {
  readonly workloads: Iterable<WorkloadFacts>;
  readonly invokers: readonly (BackupConfiguration | BackupBatch)[];
  /** Annotations of a namespace. */
  annotationsOf(namespace: string): Readonly<Record<string, string>>;
}

/** One sample a namespace that has workloads with claims, covered or not. */
export function* coverageSamples({ workloads, invokers, annotationsOf }: CoverageFacts): Generator<Sample> {
  const named = new Set(invokers.flatMap(targetsOf));
  const batches = new Set(
    invokers
      .filter(({ kind }) => kind === "BackupBatch")
      .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
  );
  const counts = new Map<string, number>();
  for (const workload of workloads) {
    if (volumesWithClaims(workload).length === 0) continue;
    const { namespace, name, labels, annotations } = workload;
    const isOptedOut =
      annotations[Annotation.Inject] === INJECT_DISABLED ||
      annotationsOf(namespace)[Annotation.Inject] === INJECT_DISABLED;
    const isCovered =
      named.has(targetKey(workload)) ||
      named.has(targetKey({ kind: "AppBinding", namespace, name })) ||
      batches.has(`${namespace}/${labels[Label.BackupBatch]}`);
    counts.set(namespace, (counts.get(namespace) ?? 0) + (isOptedOut || isCovered ? 0 : 1));
  }
  for (const [namespace, value] of counts) yield { name: NAME, labels: { namespace }, value };
}

function targetsOf(invoker: BackupConfiguration | BackupBatch): readonly string[] {
  const targets =
    invoker.kind === "BackupBatch" ? (invoker.spec.members ?? []).map(({ target }) => target) : [invoker.spec.target];
  return targets.map((target) => targetKey(resolveTargetRef(target?.ref, invoker.metadata.namespace)));
}

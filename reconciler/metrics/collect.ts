/** Everything that the reconciler tells Prometheus about backups and restores, read from the caches when asked. */
import type { Registry } from "prom-client";
import type { BackupBatch } from "../../shared/api/backup-batch.ts";
import type { BackupConfiguration } from "../../shared/api/backup-configuration.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { Clock } from "../../shared/clock.ts";
import { Driver } from "../../shared/contract.ts";
import { isDryRun } from "../../shared/invoker/object.ts";
import type { RestoreObject } from "../restore/status.ts";
import type { World } from "../world/informers.ts";
import { CONDITION_GAUGES, conditionSamples } from "./condition-samples.ts";
import { COVERAGE_GAUGES, coverageSamples } from "./coverage-samples.ts";
import { registerGauges, type Sample } from "./gauge-table.ts";
import { HEALTH_GAUGES, invokerSamples, openSessionSamples } from "./health-samples.ts";
import { UPSTREAM_GAUGES } from "./names.ts";
import { PROOF_GAUGES, pointSamples, proofSamples } from "./proof-samples.ts";
import { RECOVERY_GAUGES, recoverySamples } from "./recovery-samples.ts";
import { repositorySamples } from "./repository-samples.ts";
import { restoreSamples } from "./restore-samples.ts";
import { type Labels, sessionSamples } from "./session-samples.ts";

export interface MetricsPorts {
  readonly registry: Registry;
  readonly world: World;
  readonly clock: Clock;
}

function commonLabels({ kind, metadata, spec }: BackupConfiguration | BackupBatch | RestoreObject): Labels {
  const repository = spec.repository?.name;
  return {
    invoker_kind: kind,
    invoker_name: metadata.name,
    namespace: metadata.namespace,
    driver: spec.driver ?? Driver.Restic,
    ...(repository && { repository }),
  };
}

function* upstreamSamples(world: World): Generator<Sample> {
  for (const invoker of [...world.configurations.list(), ...world.batches.list()]) {
    const { namespace, name } = invoker.metadata;
    const sessions = world.sessions.byIndex("invoker", `${invoker.kind}/${namespace}/${name}`);
    yield* sessionSamples(commonLabels(invoker), sessions);
  }
  for (const restore of [...world.restoreSessions.list(), ...world.restoreBatches.list()]) {
    if (!isDryRun(restore)) yield* restoreSamples(commonLabels(restore), restore);
  }
  for (const repository of world.repositories.list()) {
    const { namespace, name } = repository.metadata;
    yield* repositorySamples(repository, world.sessions.byIndex("repository", `${namespace}/${name}`));
  }
}

function* healthSamples(world: World, now: Date): Generator<Sample> {
  for (const invoker of [...world.configurations.list(), ...world.batches.list()]) yield* invokerSamples(invoker, now);
  yield* openSessionSamples(world.sessions.list(), now);
}

function* samplesOfConditions(world: World): Generator<Sample> {
  for (const invoker of [...world.configurations.list(), ...world.batches.list()]) {
    const { namespace, name } = invoker.metadata;
    yield* conditionSamples(invoker, world.sessions.byIndex("invoker", `${invoker.kind}/${namespace}/${name}`));
  }
}

function* samplesOfProof(world: World): Generator<Sample> {
  const runsOf = Map.groupBy(world.hostRuns.list(), ({ spec }) => keyOf(spec.repository));
  for (const repository of world.repositories.list()) {
    yield* proofSamples(repository, runsOf.get(keyOf(repository.metadata)) ?? []);
  }
  for (const { kind, metadata } of [...world.configurations.list(), ...world.batches.list()]) {
    const { namespace, name } = metadata;
    const labels = { invoker_kind: kind, invoker_name: name, namespace };
    yield* pointSamples(labels, world.sessions.byIndex("invoker", `${kind}/${namespace}/${name}`));
  }
}

function keyOf(named: { readonly namespace?: string; readonly name?: string } | undefined): string {
  return `${named?.namespace}/${named?.name}`;
}

function* samplesOfCoverage(world: World): Generator<Sample> {
  yield* coverageSamples({
    workloads: Object.values(world.workloads).flatMap((kind) => kind.list()),
    invokers: [...world.configurations.list(), ...world.batches.list()],
    namespaceOf: (name) => world.namespaces.get(undefined, name),
  });
}

function* samplesOfRecovery(world: World, nowMs: number): Generator<Sample> {
  for (const verifier of world.verifiers.list()) {
    const { kind, name } = verifier.spec.invoker;
    const { namespace } = verifier.metadata;
    const invokers = kind === KINDS.BackupBatch.kind ? world.batches : world.configurations;
    yield* recoverySamples(verifier, invokers.get(namespace, name), nowMs);
  }
}

export function registerMetrics({ registry, world, clock }: MetricsPorts): void {
  registerGauges(registry, UPSTREAM_GAUGES, () => upstreamSamples(world));
  registerGauges(registry, HEALTH_GAUGES, () => healthSamples(world, new Date(clock.now())));
  registerGauges(registry, CONDITION_GAUGES, () => samplesOfConditions(world));
  registerGauges(registry, PROOF_GAUGES, () => samplesOfProof(world));
  registerGauges(registry, RECOVERY_GAUGES, () => samplesOfRecovery(world, clock.now()));
  registerGauges(registry, COVERAGE_GAUGES, () => samplesOfCoverage(world));
}

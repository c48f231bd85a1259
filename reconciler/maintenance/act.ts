/** Carries out what was decided for the maintenance of a Repository. */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import { KINDS } from "../../shared/api/kinds.ts";
import type { MaintenanceRun, Repository, RepositoryStatus } from "../../shared/api/repository.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { objectKey } from "../../shared/kube/object-meta.ts";
import type { Logger } from "../../shared/log.ts";
import { inNamespace } from "../authority.ts";
import { endJob } from "../jobs/ensure.ts";
import type { JobProblem } from "../jobs/of-target.ts";
import { gatherPodRefusal, problemOf } from "../jobs/refusal.ts";
import { takePoints } from "../repository/act.ts";
import { buildHostRun, repositoryOrder } from "../run/host-runs.ts";
import { writeHostRun } from "../run/sync-host-runs.ts";
import { mergeStatus } from "../write/status-patch.ts";
import { actionsOf } from "./carry-on.ts";
import { clearCheckRequest } from "./check-request.ts";
import type { MaintenanceDecision } from "./decision.ts";
import { removeDeletions } from "./deletions.ts";
import { makeMaintenanceJob } from "./make-job.ts";
import { maintenanceRunName } from "./names.ts";
import type { Saver } from "./saver.ts";
import type { MaintenanceJob, MaintenanceView } from "./view.ts";

export interface MaintenanceActPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch" | "patchStatus">;
  readonly settings: InjectionSettings;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly nowMs: number;
  /** Namespace of the installation, where orders to delete snapshots are. */
  readonly ownNamespace: string;
  /** uid of this cluster's kube-system; undefined while it is not known. */
  readonly cluster: string | undefined;
}

export interface Acted {
  /** Why the job could not be made, or gets no pod. */
  readonly problem?: JobProblem | undefined;
  /** Another wrote the Repository since it was read: look again. */
  readonly isBehind?: boolean;
}

/**
 * @param saver the pod that saved there last, where a job is made
 * @throws KubeError when the API server refuses or can't be reached
 */
export async function actOnMaintenance(
  ports: MaintenanceActPorts,
  view: MaintenanceView,
  decision: Exclude<MaintenanceDecision, { kind: "wait" }>,
  saver: Saver | undefined,
): Promise<Acted> {
  const { repository } = view;
  const { log } = ports;
  const key = objectKey(repository.metadata.namespace, repository.metadata.name);
  switch (decision.kind) {
    case "claim": {
      const isWritten = await writeStatus(ports, repository, decision.status);
      if (isWritten) log.info({ repository: key, actions: decision.run.actions }, "maintenance begun");
      return { isBehind: !isWritten };
    }
    case "make-job":
      return makeJob(ports, view, decision, saver);
    case "tell":
      return { isBehind: !(await writeStatus(ports, repository, decision.status)) };
    case "order":
      await order(ports, view, decision.run, decision.pod);
      return {};
    case "answer-locks": {
      const { metadata, spec } = decision.hostRun;
      const actionParams = { ...spec.actionParams, removableLocks: decision.removableLocks };
      const change = { kind: "patch", name: metadata.name, uid: metadata.uid ?? "", spec: { actionParams } } as const;
      await writeHostRun(ports.client, metadata.namespace, change, ports.signal);
      return {};
    }
    case "end": {
      if (!(await writeStatus(ports, repository, decision.status))) return { isBehind: true };
      const { phase, reason, message } = decision.run;
      log.info({ repository: key, phase, reason, message }, "maintenance ended");
      await takeListing(ports, view);
      await removeDeletions(ports.client, ports.ownNamespace, decision.servedDeletions, ports.signal);
      await cleanUp(ports, view);
      const { namespace, name } = repository.metadata;
      const value = decision.servedRequest;
      if (value !== undefined) await clearCheckRequest(ports, { namespace, name, value });
      return {};
    }
    case "clean-up":
      await cleanUp(ports, view);
      return {};
  }
}

/** Others write the Repository meanwhile. */
const TAKE_TRIES = 5;

/** Before the host runs go that tell it: a snapshot that was deleted must not be listed any more when its order is gone. */
async function takeListing(ports: MaintenanceActPorts, { repository, hostRuns }: MaintenanceView): Promise<void> {
  const { client, signal, cluster, nowMs } = ports;
  const seen = hostRuns.filter(({ toldPoints }) => toldPoints !== undefined);
  if (seen.length === 0) return;
  for (let attempt = 0; attempt < TAKE_TRIES; attempt += 1) {
    const outcome = await takePoints(client, { repository, seen, cluster, now: new Date(nowMs) }, signal);
    if (outcome.kind !== "conflict") return;
  }
}

/** Only on the version that was decided on: of two that lead for a moment one alone begins. */
async function writeStatus(
  { client, signal }: MaintenanceActPorts,
  { metadata, status }: Repository,
  after: RepositoryStatus,
): Promise<boolean> {
  const { namespace, name, resourceVersion } = metadata;
  const address = { resource: KINDS.Repository, namespace, name };
  const outcome = await mergeStatus(client, address, { before: status, after, resourceVersion }, asIs, { signal });
  // The same one would be refused again: it is tried with back-off.
  if (outcome.kind === "refused") throw outcome.error;
  return outcome.kind === "written" || outcome.kind === "unchanged";
}

async function makeJob(
  ports: MaintenanceActPorts,
  { repository, limits }: MaintenanceView,
  { run, owner }: Pick<Extract<MaintenanceDecision, { kind: "make-job" }>, "run" | "owner">,
  saver: Saver | undefined,
): Promise<Acted> {
  const deadlineSeconds = Math.ceil(limits.maintenanceMs / 1_000);
  try {
    const job = await makeMaintenanceJob(ports, { repository, run, deadlineSeconds, owner, saver });
    return { problem: await gatherPodRefusal(ports.client, job, ports.nowMs) };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { problem };
  }
}

async function order(
  { client, signal }: MaintenanceActPorts,
  view: MaintenanceView,
  run: MaintenanceRun,
  pod: NonNullable<MaintenanceJob["pod"]>,
): Promise<void> {
  const { repository } = view;
  const { apiVersion, kind } = KINDS.Repository;
  const { namespace, name, uid = "" } = repository.metadata;
  const { readDataSubset } = run;
  const actions = actionsOf(view, run);
  const deleted = actions.includes("DeleteSnapshots") ? view.deletions.map(({ snapshot }) => snapshot) : undefined;
  const actionParams = {
    ...(readDataSubset !== undefined && { readDataSubset }),
    ...(deleted !== undefined && { snapshots: deleted }),
  };
  const spec: HostRunSpec = {
    work: "Maintain",
    run: { kind, name, uid },
    // It works for no host.
    host: pod.name,
    pod,
    assignedAt: run.assignedAt ?? run.startedAt,
    ...repositoryOrder(repository),
    actions,
    ...(Object.keys(actionParams).length > 0 && { actionParams }),
  };
  const object = buildHostRun(
    { apiVersion, kind, namespace, name, uid },
    { name: maintenanceRunName(repository, run.startedAt, pod.uid), spec },
  );
  await writeHostRun(client, namespace, { kind: "create", object }, signal);
}

/** The order goes first: its pod sees that within moments, and ends restic, which unlocks. */
async function cleanUp(
  { client, signal }: MaintenanceActPorts,
  { repository, hostRuns, jobs }: MaintenanceView,
): Promise<void> {
  const here = inNamespace(client, repository.metadata.namespace);
  for (const { metadata } of hostRuns) {
    await here.delete(KINDS.HostRun, metadata.name, { ...(metadata.uid && { uid: metadata.uid }), signal });
  }
  for (const job of jobs) await endJob(here, job);
}

/** Makes the job of a maintenance. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { MaintenanceRun, Repository } from "../../shared/api/repository.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { BackupMemberView } from "../../shared/invoker.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { inNamespace } from "../authority.ts";
import { ensureJob } from "../jobs/ensure-job.ts";
import { gatherBackendClaim, gatherLimitRanges, gatherNamespace } from "../jobs/gather-job.ts";
import type { JobFact } from "../jobs/job-object.ts";
import type { MaintenanceJobView } from "../jobs/job-view.ts";
import { planMaintenanceJob } from "./plan-job.ts";

export interface MakeJobPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: InjectionSettings;
}

export interface MaintenanceOrder {
  readonly repository: Repository;
  readonly run: MaintenanceRun;
  readonly deadlineSeconds: number;
  /** As in planMaintenanceJob. */
  readonly nodeName: string | undefined;
}

/** The member of a job that works for no member. */
function noMember(namespace: string): BackupMemberView {
  return {
    index: 0,
    alias: undefined,
    ref: { apiVersion: "na", kind: "EmptyTarget", namespace, name: "na" },
    taskName: undefined,
    isSidecarModel: false,
    dependsOn: [],
    target: {},
    hooks: undefined,
    spec: {},
    isLabelled: false,
  };
}

/** @throws UserError when the job can't be made as things are; KubeError */
export async function makeMaintenanceJob(ports: MakeJobPorts, order: MaintenanceOrder): Promise<JobFact> {
  const { client, settings } = ports;
  const { repository, run, deadlineSeconds, nodeName } = order;
  const { name, namespace, uid = "" } = repository.metadata;
  const { apiVersion } = KINDS.Repository;
  const claimName = repository.spec.backend?.local?.persistentVolumeClaim?.claimName;
  const [facts, limitRanges, backendClaim] = await Promise.all([
    gatherNamespace(client, namespace),
    gatherLimitRanges(client, namespace),
    claimName ? gatherBackendClaim(client, namespace, claimName) : { claim: undefined, claimUsers: [] },
  ]);
  const owner = { apiVersion, kind: KINDS.Repository.kind, namespace, name, uid };
  const view: MaintenanceJobView = {
    verb: "backup",
    settings,
    namespace: facts,
    limitRanges,
    owner,
    invoker: { ...owner, kind: "Repository", labels: {} },
    member: noMember(namespace),
    repository,
    task: undefined,
    appBinding: undefined,
    ...backendClaim,
    deadlineSeconds,
  };
  return ensureJob(inNamespace(client, namespace), planMaintenanceJob(view, run.startedAt, nodeName));
}

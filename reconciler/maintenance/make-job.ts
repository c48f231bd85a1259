/** Makes the job of a maintenance. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { MaintenanceRun, Repository } from "../../shared/api/repository.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { BackupMemberView } from "../../shared/invoker/object.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { inNamespace } from "../authority.ts";
import { ensureJob } from "../jobs/ensure.ts";
import { gatherBackendClaim, gatherLimitRanges, gatherNamespace } from "../jobs/gather.ts";
import type { JobFact } from "../jobs/object.ts";
import { POD_SECURITY } from "../jobs/security.ts";
import type { MaintenanceJobView } from "../jobs/view.ts";
import type { RepositoryOwner } from "./decision.ts";
import { maintenanceJobName } from "./names.ts";
import { planMaintenanceJob } from "./plan-job.ts";
import { gatherIdentity, type Identity, type Saver } from "./saver.ts";

export interface MakeJobPorts {
  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch">;
  readonly settings: InjectionSettings;
}

export interface MaintenanceOrder {
  readonly repository: Repository;
  readonly run: MaintenanceRun;
  readonly deadlineSeconds: number;
  /** Whom the repository belongs to, where a job of this run was told. */
  readonly owner: RepositoryOwner | undefined;
  /** The pod that saved there last. */
  readonly saver: Saver | undefined;
}

/** The member of a job that works for no member. @param identity as whom it must run */
function noMember(namespace: string, identity: Identity | undefined): BackupMemberView {
  const { user, group, fsGroup } = identity ?? {};
  const container = {
    securityContext: {
      ...(user !== undefined && { runAsUser: user }),
      ...(group !== undefined && { runAsGroup: group }),
    },
  };
  const pod = fsGroup !== undefined && { pod: { securityContext: { ...POD_SECURITY, fsGroup } } };
  return {
    index: 0,
    alias: undefined,
    ref: { apiVersion: "na", kind: "EmptyTarget", namespace, name: "na" },
    taskName: undefined,
    isSidecarModel: false,
    dependsOn: [],
    target: {},
    hooks: undefined,
    spec: identity === undefined ? {} : { runtimeSettings: { container, ...pod } },
    isLabelled: false,
  };
}

/**
 * As whom the job runs where the backend is a folder: who saves there must be able to read what is written. What a pod of the job found
 * counts; before that what is known of the pod that saved there last. A wrong guess does no harm: such a pod leaves the repository alone.
 */
async function findIdentity(client: MakeJobPorts["client"], order: MaintenanceOrder): Promise<Identity | undefined> {
  const { repository, owner, saver } = order;
  if (owner !== undefined) return owner;
  const isLocal = repository.spec.backend?.local !== undefined;
  return isLocal && saver !== undefined ? gatherIdentity(client, saver) : undefined;
}

/** @throws UserError when the job can't be made as things are; KubeError */
export async function makeMaintenanceJob(ports: MakeJobPorts, order: MaintenanceOrder): Promise<JobFact> {
  const { client, settings } = ports;
  const { repository, run, deadlineSeconds, saver } = order;
  const { name, namespace, uid = "" } = repository.metadata;
  const { apiVersion } = KINDS.Repository;
  const { local } = repository.spec.backend ?? {};
  const claimName = local?.persistentVolumeClaim?.claimName;
  const [facts, limitRanges, backendClaim, identity] = await Promise.all([
    gatherNamespace(client, namespace),
    gatherLimitRanges(client, namespace),
    claimName ? gatherBackendClaim(client, namespace, claimName) : { claim: undefined, claimUsers: [] },
    findIdentity(client, order),
  ]);
  const owner = { apiVersion, kind: KINDS.Repository.kind, namespace, name, uid };
  const view: MaintenanceJobView = {
    verb: "backup",
    settings,
    namespace: facts,
    limitRanges,
    owner,
    invoker: { ...owner, kind: "Repository", labels: {} },
    member: noMember(namespace, identity),
    repository,
    task: undefined,
    appBinding: undefined,
    ...backendClaim,
    deadlineSeconds,
  };
  // A folder of a node is another one on every node.
  const nodeName = local?.hostPath === undefined ? undefined : saver?.nodeName;
  const jobName = maintenanceJobName(repository, run.startedAt, order.owner);
  return ensureJob(inNamespace(client, namespace), planMaintenanceJob(view, jobName, nodeName));
}

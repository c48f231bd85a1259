/** Plans the job that looks into the repository for recovery points. It mounts the backend, and no data of any target. Pure. */
import { Command, Container, Label, LabelValue } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import { NAME_MAX_LENGTH, nameWithSuffix, pointSearchJobName } from "../../shared/names.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { findBackendProblem, formatProblemOf } from "./backend-problem.ts";
import { jobLabels } from "./job-labels.ts";
import type { RestoreJobView } from "./job-view.ts";
import { buildJobVolumes } from "./job-volumes.ts";
import type { JobPlan } from "./plan-job.ts";
import { pullSecretFields } from "./pull-secrets.ts";
import type { JobStep } from "./resolve-steps.ts";
import { planRights } from "./rights.ts";
import { podSecurityContext } from "./security.ts";
import { buildStepContainer } from "./step-container.ts";

/** A repository of hundreds of thousands of snapshots is listed within minutes. */
const LIMIT_SECONDS = 600;

/**
 * @param view of the first member, whose runtimeSettings count; with an index that no member has
 * @throws UserError BACKEND_INVALID
 */
export function planPointSearch(whole: RestoreJobView): JobPlan {
  const { repository, namespace, owner, invoker } = whole;
  const { interimVolumeTemplate: _, ...spec } = whole.member.spec;
  // Nothing of the member's data is part of it.
  const member = { ...whole.member, target: {}, hooks: undefined, spec };
  const view: RestoreJobView = { ...whole, member, ordinal: undefined };
  const problem = findBackendProblem(repository, namespace, `${invoker.kind} ${owner.namespace}/${invoker.name}`);
  if (problem !== undefined) throw formatProblemOf(problem);
  const step: JobStep = {
    name: Container.Sidecar,
    image: view.settings.image,
    isOurs: true,
    spec: { args: [Command.FindRecoveryPoints, `--invoker-kind=${invoker.kind}`, `--invoker-name=${invoker.name}`] },
  };
  const volumes = buildJobVolumes(view, []);
  const rights = planRights(view, false);
  const labels = { ...jobLabels(view), [Label.JobTarget]: LabelValue.PointSearch };
  const { pod } = spec.runtimeSettings ?? {};
  const { podLabels, podAnnotations, serviceAccountName: _a, serviceAccountAnnotations: _b, ...podFields } = pod ?? {};
  const { apiVersion, kind, name: ownerName, uid } = owner;
  const name = jobName(view);
  return {
    namespace: owner.namespace,
    name,
    hostname: "",
    ownerUid: uid,
    claims: [],
    rights,
    job: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: {
        name,
        namespace: owner.namespace,
        labels,
        ownerReferences: [{ apiVersion, kind, name: ownerName, uid, controller: true }],
      },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: Math.max(1, Math.min(view.deadlineSeconds ?? LIMIT_SECONDS, LIMIT_SECONDS)),
        template: {
          metadata: {
            labels: { ...withoutOwnKeys(podLabels), ...labels },
            annotations: withoutOwnKeys(podAnnotations),
          },
          spec: {
            automountServiceAccountToken: false,
            ...podFields,
            ...pullSecretFields({
              settings: view.settings,
              namespace: view.owner.namespace,
              asked: podFields.imagePullSecrets,
              hasUsersAccount: rights.account === undefined,
            }),
            restartPolicy: "Never",
            serviceAccountName: rights.accountName,
            securityContext: podSecurityContext(view, [step]),
            containers: [buildStepContainer(view, step, volumes, "main")],
            volumes: volumes.volumes,
          },
        },
      },
    },
  };
}

function jobName({ owner }: RestoreJobView): string {
  const name = pointSearchJobName(owner.name);
  const isCut = !name.includes(owner.name.replaceAll(".", "-"));
  return isCut ? nameWithSuffix(name, shortHash(`${owner.uid}/${name}`), NAME_MAX_LENGTH) : name;
}

/** Plans a job that works on a repository: one step of ours, the backend, and no data of anybody. Pure. */
import { Container, Label } from "../../shared/contract.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { findBackendProblem, formatProblemOf } from "./backend-problem.ts";
import { jobLabels } from "./labels.ts";
import type { JobPlan } from "./plan.ts";
import { pullSecretFields } from "./pull-secrets.ts";
import type { JobStep } from "./resolve-steps.ts";
import { planRights } from "./rights.ts";
import { podSecurityContext } from "./security.ts";
import { buildStepContainer } from "./step-container.ts";
import type { JobView } from "./view.ts";
import { buildJobVolumes } from "./volumes.ts";

export interface RepositoryJob {
  readonly name: string;
  /** For whom it is, in messages. */
  readonly user: string;
  readonly args: readonly string[];
  /** Stands in the label where jobs of targets have the position of theirs. */
  readonly target: string;
  readonly deadlineSeconds: number | undefined;
  /** Fields of the pod's spec that say where it may run. */
  readonly placement: JsonObject;
}

/**
 * @param view its member's runtimeSettings count, and nothing of its data
 * @throws UserError BACKEND_INVALID
 */
export function planRepositoryJob(view: JobView, wanted: RepositoryJob): JobPlan {
  const { repository, namespace, owner, settings, member } = view;
  const { name, user, args, target, deadlineSeconds, placement } = wanted;
  const problem = findBackendProblem(repository, namespace, user);
  if (problem !== undefined) throw formatProblemOf(problem);
  const step: JobStep = { name: Container.Sidecar, image: settings.image, isOurs: true, spec: { args } };
  const volumes = buildJobVolumes(view, []);
  const rights = planRights(view, false);
  const labels = { ...jobLabels(view), [Label.JobTarget]: target };
  const { pod } = member.spec.runtimeSettings ?? {};
  const { podLabels, podAnnotations, serviceAccountName: _a, serviceAccountAnnotations: _b, ...podFields } = pod ?? {};
  const { apiVersion, kind, name: ownerName, uid } = owner;
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
        ...(deadlineSeconds !== undefined && { activeDeadlineSeconds: deadlineSeconds }),
        template: {
          metadata: {
            labels: { ...withoutOwnKeys(podLabels), ...labels },
            annotations: withoutOwnKeys(podAnnotations),
          },
          spec: {
            automountServiceAccountToken: false,
            ...placement,
            ...podFields,
            ...pullSecretFields({
              settings,
              namespace: owner.namespace,
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

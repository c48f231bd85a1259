/** Plans the job of a maintenance: our image, the backend, and no data of anybody. Pure. */
import { Command, Container, Label, LabelValue } from "../../shared/contract.ts";
import { findBackendProblem, formatProblemOf } from "../jobs/backend-problem.ts";
import { jobLabels } from "../jobs/job-labels.ts";
import type { MaintenanceJobView } from "../jobs/job-view.ts";
import { buildJobVolumes } from "../jobs/job-volumes.ts";
import { placeJob } from "../jobs/placement.ts";
import type { JobPlan } from "../jobs/plan-job.ts";
import { pullSecretFields } from "../jobs/pull-secrets.ts";
import type { JobStep } from "../jobs/resolve-steps.ts";
import { planRights } from "../jobs/rights.ts";
import { podSecurityContext } from "../jobs/security.ts";
import { buildStepContainer } from "../jobs/step-container.ts";

/**
 * @param name of the job
 * @param nodeName where a folder of a node is the backend: the node that saved into it
 * @throws UserError BACKEND_INVALID, or UNSCHEDULABLE where another pod has the backend's claim to itself
 */
export function planMaintenanceJob(view: MaintenanceJobView, name: string, nodeName: string | undefined): JobPlan {
  const { repository, namespace, owner } = view;
  const problem = findBackendProblem(repository, namespace, `maintenance in namespace ${owner.namespace}`);
  if (problem !== undefined) throw formatProblemOf(problem);
  const step: JobStep = {
    name: Container.Sidecar,
    image: view.settings.image,
    isOurs: true,
    spec: { args: [Command.Maintain] },
  };
  const volumes = buildJobVolumes(view, []);
  const rights = planRights(view, false);
  const labels = { ...jobLabels(view), [Label.JobTarget]: LabelValue.Maintenance };
  const { apiVersion, kind, name: ownerName, uid } = owner;
  const metadata = {
    name,
    namespace: owner.namespace,
    labels,
    ownerReferences: [{ apiVersion, kind, name: ownerName, uid, controller: true }],
  };
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
      metadata,
      spec: {
        backoffLimit: 0,
        ...(view.deadlineSeconds !== undefined && { activeDeadlineSeconds: view.deadlineSeconds }),
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            ...(nodeName !== undefined ? onNode(nodeName) : placeJob(view.claim, view.claimUsers, undefined)),
            ...pullSecretFields({ settings: view.settings, namespace: owner.namespace, hasUsersAccount: false }),
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

function onNode(nodeName: string) {
  const term = { matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] };
  return {
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] } } },
    tolerations: [{ operator: "Exists" }],
  };
}

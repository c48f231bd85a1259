/**
 * The Job that works on a repository for a person. It is made with that person's rights, in the Repository's namespace, so it can do
 * nothing that he may not: whoever may make a Job there may mount its Secrets. Pure.
 */
import type { Repository } from "../../shared/api/repository.ts";
import { Container, Env, Label, LabelValue } from "../../shared/contract.ts";
import { UserError } from "../../shared/errors.ts";
import { backendVolumes, findBackendProblem } from "../../shared/injection/backend-volume.ts";
import { SCRATCH_MOUNT } from "../../shared/injection/container.ts";
import { DEFAULT_RESOURCES } from "../../shared/injection/container-resources.ts";
import { buildScratchVolume } from "../../shared/injection/container-settings.ts";
import { buildSecurityContext, decideRunsAs } from "../../shared/injection/security-context.ts";
import type { NamespaceFacts } from "../../shared/injection/view.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import { PLUGIN } from "../program/names.ts";

/** Where the image comes from. */
export interface WorkImage {
  readonly image: string;
  /** Where the image has no entry point. */
  readonly command: readonly string[] | undefined;
  readonly pullSecrets: readonly string[];
}

export interface WorkOrder {
  readonly repository: Repository;
  readonly namespace: NamespaceFacts;
  readonly image: WorkImage;
  /** What it is for, as a part of its name: `check`. */
  readonly what: string;
  /** Tells it from others of the same kind. */
  readonly suffix: string;
  readonly args: readonly string[];
  readonly serviceAccount: string | undefined;
  /** As whom it runs, where the person says so. */
  readonly runAs?: { readonly runAsUser: number; readonly runAsGroup?: number } | undefined;
}

/** A repository of many terabytes is read in days. */
const LIMIT_SECONDS = 7 * 24 * 60 * 60;
/** Long enough to read its log once more. */
const KEPT_SECONDS = 600;
/** Lines of progress, where nobody looks at a terminal. */
const PROGRESS_FPS = "0.2";
const NOBODY_TEMPLATE = { spec: { securityContext: { runAsUser: 65534, runAsGroup: 65534 } } };

/** @throws UserError BACKEND_INVALID */
export function buildWorkJob(order: WorkOrder) {
  const { repository, namespace, image, serviceAccount } = order;
  const { name, namespace: home } = repository.metadata;
  const problem = findBackendProblem(repository, namespace, `Repository ${home}/${name}`);
  if (problem !== undefined) throw new UserError("BACKEND_INVALID", problem.message, { next: problem.next });
  const backend = backendVolumes(repository, home);
  const labels = {
    [Label.ManagedBy]: PLUGIN,
    [Label.Component]: LabelValue.ComponentRepositoryWork,
  };
  const container = {
    name: Container.Sidecar,
    image: image.image,
    imagePullPolicy: "IfNotPresent",
    ...(image.command !== undefined && { command: image.command }),
    args: order.args,
    env: [
      { name: Env.Repository, value: JSON.stringify({ name, namespace: home, backend: repository.spec.backend }) },
      { name: "RESTIC_PROGRESS_FPS", value: PROGRESS_FPS },
    ],
    resources: DEFAULT_RESOURCES.job,
    volumeMounts: [SCRATCH_MOUNT, ...backend.map(({ mount }) => mount)],
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: securityContext(order),
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: nameWithSuffix(`stash-${order.what}-${name}`, order.suffix), namespace: home, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: LIMIT_SECONDS,
      ttlSecondsAfterFinished: KEPT_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
          ...(image.pullSecrets.length > 0 && { imagePullSecrets: image.pullSecrets.map((one) => ({ name: one })) }),
          terminationGracePeriodSeconds: 30,
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [container],
          volumes: [buildScratchVolume(undefined), ...backend.map(({ volume }) => volume)],
        },
      },
    },
  };
}

/** Files of a local backend may belong to anybody; else nothing needs a user of its own. */
function securityContext({ repository, namespace, runAs }: WorkOrder) {
  const podTemplate = repository.spec.backend?.local === undefined ? NOBODY_TEMPLATE : { spec: {} };
  const runsAs = decideRunsAs({ podTemplate, volumeNames: [], namespace, override: runAs });
  return buildSecurityContext(runsAs, runAs, "backup");
}

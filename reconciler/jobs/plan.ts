/**
 * Plans the job of one member: all objects that must exist for it, ready to be made. Pure; gather.ts reads the view, and
 * ensure.ts makes the objects.
 */
import type { RetentionPolicy } from "../../shared/api/retention-policy.ts";
import { Annotation, Command, Container } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { shortHash } from "../../shared/hash.ts";
import { hasHandler } from "../../shared/hooks/parts.ts";
import { uniteMounts } from "../../shared/injection/mounts.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { backupJobName, NAME_MAX_LENGTH, nameWithSuffix, restoreJobName } from "../../shared/names.ts";
import { withoutOwnKeys } from "../../shared/own-keys.ts";
import { type PlannedClaim, planClaims } from "./claims.ts";
import { hasCommand } from "./hooks.ts";
import { jobHostName } from "./host.ts";
import { jobAnnotations, jobLabels } from "./labels.ts";
import { placeJob } from "./placement.ts";
import { pullSecretFields } from "./pull-secrets.ts";
import { requireReachable } from "./require-reachable.ts";
import { type JobStep, type ResolvedSteps, resolveSteps } from "./resolve-steps.ts";
import { type JobRights, planRights } from "./rights.ts";
import { podSecurityContext } from "./security.ts";
import { buildStepContainer } from "./step-container.ts";
import { buildVariables } from "./variables.ts";
import type { BackupJobView, JobView, RestoreJobView } from "./view.ts";
import { buildJobVolumes } from "./volumes.ts";

export interface JobPlan {
  readonly namespace: string;
  readonly name: string;
  /** Host that the job serves. */
  readonly hostname: string;
  readonly ownerUid: string;
  readonly job: JsonObject;
  readonly claims: readonly PlannedClaim[];
  readonly rights: JobRights;
}

export type JobDecision =
  | { readonly kind: "job"; readonly plan: JobPlan }
  | { readonly kind: "refused"; readonly error: UserError };

/** Plans a member's backup. @param retentionPolicy of the invoker; only Functions of others look at it (L111) */
export function planBackupJob(view: BackupJobView, retentionPolicy?: RetentionPolicy): JobDecision {
  return decide(() => planJob(view, retentionPolicy));
}

/** Plans a member's restore; one of a list where claims are made for ordinals. */
export function planRestoreJob(view: RestoreJobView): JobDecision {
  return decide(() => planJob(view));
}

function decide(plan: () => JobPlan): JobDecision {
  try {
    return { kind: "job", plan: plan() };
  } catch (thrown) {
    const error =
      thrown instanceof UserError ? thrown : new UserError("INTERNAL", messageOf(thrown), { cause: thrown });
    return { kind: "refused", error };
  }
}

/** A pod that a drain, an eviction or a lost node ended is made anew and counts as no failure; older servers leave this out. */
const ANOTHER_POD = { rules: [{ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }] };

function planJob(view: JobView, retentionPolicy?: RetentionPolicy): JobPlan {
  requireReachable(view);
  const claims = planClaims(view);
  const { steps, volumes: taskVolumes } = stepsOf(view, retentionPolicy);
  const volumes = buildJobVolumes(view, claims);
  const gated = withGate(view, steps);
  const main = gated.at(-1);
  if (main === undefined) {
    throw new UserError("INVALID_OBJECT", `Task ${view.task?.task.metadata.name ?? ""} has no step`);
  }
  const pod = view.member.spec.runtimeSettings?.pod;
  const isForeign = steps.some(({ isOurs }) => !isOurs);
  const rights = planRights(view, isForeign);
  const labels = jobLabels(view);
  const annotations = jobAnnotations(view);
  const { podLabels, podAnnotations, serviceAccountName: _, serviceAccountAnnotations: __, ...podFields } = pod ?? {};
  const { apiVersion, kind, name: ownerName, uid, namespace } = view.owner;
  const name = jobName(view);
  return {
    namespace,
    name,
    hostname: jobHostName(view),
    ownerUid: uid,
    claims,
    rights,
    job: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: {
        name,
        namespace,
        labels,
        annotations,
        ownerReferences: [{ apiVersion, kind, name: ownerName, uid, controller: true }],
      },
      spec: {
        backoffLimit: 0,
        ...(view.verb === "backup" && { podFailurePolicy: ANOTHER_POD }),
        ...(view.deadlineSeconds !== undefined && { activeDeadlineSeconds: Math.max(1, view.deadlineSeconds) }),
        template: {
          metadata: {
            labels: { ...withoutOwnKeys(podLabels), ...labels },
            annotations: {
              ...withoutOwnKeys(podAnnotations),
              ...annotations,
              [Annotation.JobOwnSteps]: ownSteps(gated),
            },
          },
          spec: {
            // Programs of others use the account's own token, ours has its own.
            automountServiceAccountToken: isForeign,
            ...placeJob(view.claim, view.claimUsers, pod),
            ...podFields,
            ...pullSecretFields({
              settings: view.settings,
              namespace: view.owner.namespace,
              asked: podFields.imagePullSecrets,
              hasUsersAccount: rights.account === undefined,
            }),
            restartPolicy: "Never",
            serviceAccountName: rights.accountName,
            securityContext: podSecurityContext(view, steps),
            initContainers: gated.slice(0, -1).map((step) => buildStepContainer(view, step, volumes, "init")),
            containers: [buildStepContainer(view, main, volumes, "main")],
            volumes: [...taskVolumes, ...volumes.volumes],
          },
        },
      },
    },
  };
}

/** Those that say how they go. Our image with a command of its Function's own runs whatever that is. */
function ownSteps(steps: readonly JobStep[]): string {
  return steps.flatMap(({ isOurs, name, spec }) => (isOurs && spec.command === undefined ? [name] : [])).join(",");
}

function stepsOf(view: JobView, retentionPolicy: RetentionPolicy | undefined): ResolvedSteps {
  if (view.task !== undefined) {
    return resolveSteps(view.task, buildVariables(view, retentionPolicy), view.settings.image);
  }
  // A restore into claims needs no Task: it is files in any case.
  return { steps: [restoreStep(view)], volumes: [] };
}

function restoreStep(view: JobView): JobStep {
  const { ref } = view.member;
  const args = [
    Command.Restore,
    `--invoker-kind=${view.invoker.kind}`,
    `--invoker-name=${view.invoker.name}`,
    `--target-kind=${ref.kind}`,
    `--target-name=${ref.name}`,
    `--target-namespace=${ref.namespace}`,
    "--restore-model=job",
  ];
  return { name: Container.Sidecar, image: view.settings.image, isOurs: true, spec: { args } };
}

/**
 * Another's program would begin as soon as its container starts. A step of ours goes before it that ends when the host's turn
 * has come; it also runs what a hook asks for by HTTP or TCP, and a last one does so afterwards.
 */
function withGate(view: JobView, steps: readonly JobStep[]): readonly JobStep[] {
  const first = steps[0];
  if (first === undefined || first.isOurs) return steps;
  const isBackup = view.verb === "backup";
  const hooks = view.member.hooks ?? {};
  const after = "postBackup" in hooks ? hooks.postBackup : "postRestore" in hooks ? hooks.postRestore : undefined;
  // A hook's command sees what the steps see.
  const volumeMounts = uniteMounts(
    steps.map(({ spec }) => spec.volumeMounts ?? []),
    [],
  );
  const hook = (name: string, type: string): JobStep => ({
    name,
    image: view.settings.image,
    isOurs: true,
    spec: { args: hookArgs(view, type), ...(hasCommand(view.member) && { volumeMounts }) },
  });
  const before = hook(Container.PreTaskHook, isBackup ? "preBackup" : "preRestore");
  if (!hasHandler(after)) return [before, ...steps];
  // The last step reports the result, and ends as the host did; so the hook goes before it.
  return [
    before,
    ...steps.slice(0, -1),
    hook(Container.PostTaskHook, isBackup ? "postBackup" : "postRestore"),
    ...steps.slice(-1),
  ];
}

function hookArgs(view: JobView, type: string): readonly string[] {
  const { ref } = view.member;
  return [
    Command.RunHook,
    ...(view.verb === "backup" ? [`--backupsession=${view.owner.name}`] : []),
    `--invoker-kind=${view.invoker.kind}`,
    `--invoker-name=${view.invoker.name}`,
    `--target-kind=${ref.kind}`,
    `--target-name=${ref.name}`,
    `--target-namespace=${ref.namespace}`,
    `--hook-type=${type}`,
    `--hostname=${jobHostName(view)}`,
    "--output-dir=/stash-tmp/output",
  ];
}

/** Upstream's name where it fits; a longer one is told apart by a hash in place of being cut in the middle. */
function jobName(view: JobView): string {
  const { owner, member } = view;
  const name =
    view.verb === "backup"
      ? backupJobName(owner.name, member.index)
      : restoreJobName(owner.name, member.index, view.ordinal);
  const isCut = !name.includes(owner.name.replaceAll(".", "-"));
  return isCut ? nameWithSuffix(name, shortHash(`${owner.uid}/${member.index}/${name}`), NAME_MAX_LENGTH) : name;
}

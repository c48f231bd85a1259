/**
 * The throw-away Job in which a global hook runs: in the namespace of its invoker, as an account of its own that may report
 * and nothing else. It mounts no data and no Secret. Pure.
 */
import type { HostRunSpec } from "../../shared/api/host-run.ts";
import { Command, Container, Label, LabelValue } from "../../shared/contract.ts";
import { shortHash } from "../../shared/hash.ts";
import { IDENTITY_MOUNT, IDENTITY_VOLUME, SCRATCH_MOUNT } from "../../shared/injection/container.ts";
import { jobResources } from "../../shared/injection/container-resources.ts";
import { buildEnv, buildScratchVolume } from "../../shared/injection/container-settings.ts";
import type { LimitRange } from "../../shared/injection/limit-range.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";
import type { JsonObject } from "../../shared/injection/workload.ts";
import { nameWithSuffix } from "../../shared/names.ts";
import { pullSecretFields } from "../jobs/pull-secrets.ts";
import { AGENT_RULES } from "../rights/agent-rules.ts";
import type { RunOwner } from "../run/host-runs.ts";
import type { HookRun } from "./plan.ts";

const NOBODY = 65534;
/** A pod is scheduled and its image pulled beside the hook's own time. */
const START_SECONDS = 300;
const RBAC = "rbac.authorization.k8s.io";

export interface HookJobPlan {
  readonly namespace: string;
  /** Of the Job, its account, its Role and its binding. */
  readonly name: string;
  readonly account: JsonObject;
  readonly role: JsonObject;
  readonly binding: JsonObject;
  readonly job: JsonObject;
}

/** One hook of one run always has the same name: what exists already was made by an earlier try. */
export function hookJobName(owner: RunOwner, key: string): string {
  return nameWithSuffix(`${owner.name.replaceAll(".", "-")}-hook`, shortHash(`${owner.uid}/${key}`));
}

/** @param ranges of the namespace in which it runs */
export function planHookJob(
  owner: RunOwner,
  run: HookRun,
  settings: InjectionSettings,
  ranges: readonly LimitRange[],
): HookJobPlan {
  const { apiVersion, kind, namespace, name: ownerName, uid } = owner;
  const name = hookJobName(owner, run.key);
  const labels = { [Label.ManagedBy]: LabelValue.ManagedBy };
  const ownerReferences = [{ apiVersion, kind, name: ownerName, uid, controller: true }];
  const metadata = { name, namespace, labels: { ...labels, [Label.AgentRights]: "true" }, ownerReferences };
  const restricted = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
  return {
    namespace,
    name,
    account: { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
    role: { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules: AGENT_RULES },
    binding: {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
    job: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name, namespace, labels, ownerReferences },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: Math.ceil(run.timeoutMs / 1_000) + START_SECONDS,
        template: {
          metadata: { labels },
          spec: {
            restartPolicy: "Never",
            serviceAccountName: name,
            automountServiceAccountToken: false,
            ...pullSecretFields({ settings, namespace, hasUsersAccount: false }),
            securityContext: {
              runAsUser: NOBODY,
              runAsGroup: NOBODY,
              runAsNonRoot: true,
              seccompProfile: { type: "RuntimeDefault" },
            },
            containers: [
              {
                name: Container.Sidecar,
                image: settings.image,
                imagePullPolicy: "IfNotPresent",
                ...(settings.command !== undefined && { command: settings.command }),
                args: [Command.GlobalHook],
                env: buildEnv(undefined),
                resources: jobResources(settings.resources, ranges),
                securityContext: restricted,
                terminationMessagePolicy: "FallbackToLogsOnError",
                volumeMounts: [SCRATCH_MOUNT, IDENTITY_MOUNT],
              },
            ],
            volumes: [buildScratchVolume(undefined), IDENTITY_VOLUME],
          },
        },
      },
    },
  };
}

/** The order to the Job's pod. */
export function hookOrder(
  owner: RunOwner,
  run: HookRun,
  pod: { readonly name: string; readonly uid: string },
): HostRunSpec {
  const { kind, name, uid } = owner;
  const { Invoker: invoker, Status: status, RetryLeft } = run.summary;
  return {
    work: "Hook",
    run: { kind, name, uid },
    // It works for no host.
    host: pod.name,
    pod,
    retryLeft: RetryLeft,
    hooks: { before: run.handler },
    hookContext: {
      name: run.summary.Name,
      invoker: { apiGroup: invoker.APIGroup, kind: invoker.Kind, name: invoker.Name },
      phase: status.Phase,
      duration: status.Duration,
      error: status.Error,
      timeoutSeconds: Math.max(1, Math.ceil(run.timeoutMs / 1_000)),
    },
  };
}

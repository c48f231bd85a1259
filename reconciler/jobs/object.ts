/** Jobs and their pods as the informers keep them: what decides about a host, and none of the rest. */
import { KINDS } from "../../shared/api/kinds.ts";
import { Annotation, Label } from "../../shared/contract.ts";
import { listAt, numberAt, textAt, valueAt } from "../../shared/json/value.ts";
import { JOBS } from "../../shared/kube/resources.ts";

export interface JobFact {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** uid of the session, restore, drill or Repository that controls it. */
  readonly ownerUid: string;
  /** Position of the target in its invoker. */
  readonly targetIndex: number;
  readonly hostname: string;
  readonly createdAtMs: number;
  readonly isComplete: boolean;
  readonly isFailed: boolean;
  /** Whether its controller makes another pod for one that was evicted, or whose node is lost. */
  readonly replacesPods?: boolean;
  /** Why it failed, in the Job controller's words. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

/** A container that ended. */
export interface EndedContainer {
  readonly exitCode: number;
  readonly finishedAtMs: number;
  readonly reason: string | undefined;
  /** Its last lines. */
  readonly message: string | undefined;
}

export interface JobContainer {
  readonly name: string;
  readonly isInit: boolean;
  readonly isRunning: boolean;
  readonly startedAtMs: number | undefined;
  readonly waiting: { readonly reason: string; readonly message: string | undefined } | undefined;
  readonly ended: EndedContainer | undefined;
}

export interface JobPodFact {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** uid of the Job that controls it. */
  readonly jobUid: string;
  /** Names of the containers that run our program, and so say how they go. */
  readonly ownSteps: readonly string[];
  /** How long its containers have to end once they are told to, in seconds. */
  readonly graceSeconds?: number | undefined;
  readonly nodeName: string | undefined;
  readonly podIp: string | undefined;
  readonly createdAtMs: number;
  readonly phase: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly isTerminating: boolean;
  /** Something else than the pod itself ended it: an eviction, a drain, a lost node. */
  readonly isDisrupted?: boolean;
  /** Why no node takes it; undefined when one does. */
  readonly unschedulable: string | undefined;
  /** In the order in which they run. */
  readonly containers: readonly JobContainer[];
}

function createdAtMs(raw: unknown): number {
  return Date.parse(textAt(raw, "metadata", "creationTimestamp") ?? "") || 0;
}

function conditionOf(raw: unknown, type: string): unknown {
  return listAt(raw, "status", "conditions").find((condition) => textAt(condition, "type") === type);
}

const OWNERS = [
  KINDS.BackupSession,
  KINDS.RestoreSession,
  KINDS.RestoreBatch,
  KINDS.Repository,
  KINDS.BackupVerificationSession,
] as const;

/**
 * Of the object's controller, where that is of one of the kinds. Labels say nothing about it: everyone writes labels. Other owners neither:
 * an object may have any number beside its controller.
 */
export function controllerUid(raw: unknown, isKind: (group: string, kind: string) => boolean): string | undefined {
  const owner = listAt(raw, "metadata", "ownerReferences").find((ref) => valueAt(ref, "controller") === true);
  const [group = ""] = (textAt(owner, "apiVersion") ?? "").split("/");
  const uid = isKind(group, textAt(owner, "kind") ?? "") ? textAt(owner, "uid") : undefined;
  return uid || undefined;
}

/** Reads a Job; undefined when no session, restore, drill or Repository controls it. */
export function readJob(raw: unknown): JobFact | undefined {
  const isRun = (group: string, kind: string) => OWNERS.some((one) => one.group === group && one.kind === kind);
  const ownerUid = controllerUid(raw, isRun);
  if (ownerUid === undefined) return undefined;
  const failed = conditionOf(raw, "Failed");
  const isFailed = textAt(failed, "status") === "True";
  return {
    namespace: textAt(raw, "metadata", "namespace") ?? "",
    name: textAt(raw, "metadata", "name") ?? "",
    uid: textAt(raw, "metadata", "uid") ?? "",
    ownerUid,
    targetIndex: Number(textAt(raw, "metadata", "labels", Label.JobTarget) ?? ""),
    hostname: textAt(raw, "metadata", "annotations", Annotation.JobHost) ?? "",
    createdAtMs: createdAtMs(raw),
    isComplete: textAt(conditionOf(raw, "Complete"), "status") === "True",
    isFailed,
    replacesPods: listAt(raw, "spec", "podFailurePolicy", "rules").length > 0,
    reason: isFailed ? textAt(failed, "reason") : undefined,
    message: isFailed ? textAt(failed, "message") : undefined,
  };
}

function readContainers(raw: unknown, specs: string, statuses: string, isInit: boolean): readonly JobContainer[] {
  return listAt(raw, "spec", specs).flatMap((spec): JobContainer[] => {
    const name = textAt(spec, "name");
    if (name === undefined) return [];
    const status = listAt(raw, "status", statuses).find((item) => textAt(item, "name") === name);
    const waiting = textAt(status, "state", "waiting", "reason");
    const startedAt = textAt(status, "state", "running", "startedAt");
    const exitCode = numberAt(status, "state", "terminated", "exitCode");
    return [
      {
        name,
        isInit,
        isRunning: valueAt(status, "state", "running") !== undefined,
        startedAtMs: startedAt === undefined ? undefined : Date.parse(startedAt),
        waiting:
          waiting === undefined
            ? undefined
            : { reason: waiting, message: textAt(status, "state", "waiting", "message") },
        ended:
          exitCode === undefined
            ? undefined
            : {
                exitCode,
                finishedAtMs: Date.parse(textAt(status, "state", "terminated", "finishedAt") ?? "") || 0,
                reason: textAt(status, "state", "terminated", "reason"),
                message: textAt(status, "state", "terminated", "message"),
              },
      },
    ];
  });
}

/** Reads a pod of a Job; undefined when no Job controls it. */
export function readJobPod(raw: unknown): JobPodFact | undefined {
  const jobUid = controllerUid(raw, (group, kind) => group === JOBS.group && kind === "Job");
  if (jobUid === undefined) return undefined;
  const scheduled = conditionOf(raw, "PodScheduled");
  const isUnschedulable = textAt(scheduled, "status") === "False" && textAt(scheduled, "reason") === "Unschedulable";
  return {
    namespace: textAt(raw, "metadata", "namespace") ?? "",
    name: textAt(raw, "metadata", "name") ?? "",
    uid: textAt(raw, "metadata", "uid") ?? "",
    jobUid,
    ownSteps: (textAt(raw, "metadata", "annotations", Annotation.JobOwnSteps) ?? "").split(","),
    graceSeconds:
      numberAt(raw, "metadata", "deletionGracePeriodSeconds") ?? numberAt(raw, "spec", "terminationGracePeriodSeconds"),
    nodeName: textAt(raw, "spec", "nodeName") || undefined,
    podIp: textAt(raw, "status", "podIP") || undefined,
    createdAtMs: createdAtMs(raw),
    phase: textAt(raw, "status", "phase") ?? "Pending",
    reason: textAt(raw, "status", "reason"),
    message: textAt(raw, "status", "message"),
    isTerminating: valueAt(raw, "metadata", "deletionTimestamp") !== undefined,
    isDisrupted: textAt(conditionOf(raw, "DisruptionTarget"), "status") === "True",
    unschedulable: isUnschedulable ? (textAt(scheduled, "message") ?? "no node fits") : undefined,
    containers: [
      ...readContainers(raw, "initContainers", "initContainerStatuses", true),
      ...readContainers(raw, "containers", "containerStatuses", false),
    ],
  };
}

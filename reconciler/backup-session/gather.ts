/** Reads what decisions about sessions read and others don't: the invoker, its other sessions, restores of its targets. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { canonicalJson } from "../../shared/hash.ts";
import { formatInvoker } from "../../shared/invoker/object.ts";
import { ConditionType } from "../../shared/reasons.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import { findCondition } from "../../shared/status/conditions.ts";
import { isSessionSaved } from "../../shared/status/saved-data.ts";
import { type ResolvedTargetRef, resolveTargetRef, targetKey } from "../../shared/target/ref.ts";
import { periodMs } from "../health/decide.ts";
import { isOver, isStarted } from "../run/completion.ts";
import { runTargets } from "../run/facts.ts";
import { gatherCommon } from "../run/gather.ts";
import type { GatherPorts } from "../run/kind.ts";
import type { World } from "../world/informers.ts";
import { findInvokerObject, gatherInvoker, type InvokerName } from "../world/invokers.ts";
import { openRestores } from "../world/targets.ts";
import { openingOf } from "./opening.ts";
import type { CleanupOutcome, InvokerFact, SessionStatus, SessionView, SiblingSession } from "./view.ts";
import { wholeSession } from "./whole-run.ts";

/** What the process remembers of a session besides what it does of every run. */
export interface SessionMemory {
  /** An invoker's last readable state: its after-hooks are needed even when it goes away. */
  invoker?: InvokerFact;
  cleanup?: CleanupOutcome;
}

type SessionPorts = GatherPorts<BackupSession, SessionMemory>;

function invokerName(session: BackupSession): InvokerName | undefined {
  const { invoker } = session.spec;
  return invoker && { kind: invoker.kind, namespace: session.metadata.namespace, name: invoker.name };
}

function invokerKey(session: BackupSession): string {
  return `${session.spec.invoker?.kind}/${session.metadata.namespace}/${session.spec.invoker?.name}`;
}

interface FoundInvoker {
  readonly invoker: InvokerFact | undefined;
  readonly problem: string | undefined;
}

function findInvoker({ world, memories }: SessionPorts, key: string, session: BackupSession): FoundInvoker {
  const id = invokerName(session);
  const object = id && findInvokerObject(world, id);
  if (object === undefined) {
    // An invoker that vanished under a running session still has after-hooks to run.
    const last = memories.own(key).invoker;
    const invoker = last && { ...last, view: { ...last.view, isBeingDeleted: true } };
    return { invoker, problem: undefined };
  }
  const { metadata, status } = object;
  try {
    const unmet = (status?.conditions ?? []).filter((condition) => condition.status !== "True");
    const invoker: InvokerFact = {
      ...gatherInvoker(world, object),
      phase: status?.phase,
      isObserved: (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
      message: unmet.map(({ type, message }) => `${type}: ${message ?? ""}`).join("; "),
      periodMs: periodMs(status?.nextRuns ?? []),
      lastRecoveryPoint: status?.lastRecoveryPoint?.time,
    };
    memories.own(key).invoker = invoker;
    return { invoker, problem: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { invoker: memories.own(key).invoker, problem: messageOf(error) };
  }
}

function lookOf(status: SessionStatus | undefined): Pick<SiblingSession, "looked"> {
  const found = findCondition(status?.conditions, ConditionType.BackendRepositoryInitialized);
  if (found === undefined) return {};
  return { looked: { repository: canonicalJson(status?.repository ?? null), isThere: found.status === "True" } };
}

function sibling(session: BackupSession): SiblingSession {
  const { metadata, spec, status } = session;
  return {
    name: metadata.name,
    createdAtMs: Date.parse(metadata.creationTimestamp ?? "") || 0,
    phase: status?.phase,
    isStarted: status?.startTime !== undefined,
    retryOf: spec.retryOf,
    isPart: status?.startTime !== undefined && !isSessionSaved(status),
    ...lookOf(status),
  };
}

/** Sessions of other invokers that are working on one of the targets now. */
function busyTargets(world: World, session: BackupSession, refs: readonly ResolvedTargetRef[]) {
  const busy = new Map<string, string>();
  for (const ref of refs) {
    const key = targetKey(ref);
    const other = world.sessions.byIndex("target", key).find((candidate) => {
      if (invokerKey(candidate) === invokerKey(session) || isFinalSessionPhase(candidate.status?.phase)) return false;
      return runTargets(wholeSession(world, candidate).status ?? {}).some(
        (target) =>
          targetKey(resolveTargetRef(target.ref, candidate.metadata.namespace)) === key &&
          isStarted(target) &&
          !isOver(target),
      );
    });
    if (other !== undefined) busy.set(key, `${other.kind} ${other.metadata.name}`);
  }
  return busy;
}

/** @param key of the session in memory */
export function gatherSession(
  ports: SessionPorts,
  key: string,
  session: BackupSession,
  status: SessionStatus,
): SessionView {
  const { world, memories } = ports;
  const { invoker, problem } = findInvoker(ports, key, session);
  const { members = [], repository } = invoker?.view ?? {};
  const plan = { members, repository };
  const { view, refs, repositoryNamespace } = gatherCommon(ports, key, session, status, plan);
  const repositoryName = view.repository?.metadata.name ?? "";
  return {
    ...view,
    invoker,
    invokerProblem: problem,
    siblings: world.sessions
      .byIndex("invoker", invokerKey(session))
      .filter(({ metadata }) => metadata.name !== session.metadata.name)
      .map(sibling),
    busyTargets: busyTargets(world, session, refs),
    restoringTargets: new Map(
      [...openRestores(world, refs)].map(([target, { kind, metadata }]) => [
        target,
        formatInvoker({ kind, ...metadata }),
      ]),
    ),
    cleanup: memories.own(key).cleanup,
    opening: openingOf(ports, session, status, { namespace: repositoryNamespace, name: repositoryName }),
  };
}

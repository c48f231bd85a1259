/** One application: its runs, and one of them in full. Pure. */
import type { BackupVerificationSession } from "../../../shared/api/backup-verification-session.ts";
import { KINDS } from "../../../shared/api/kinds.ts";
import { backupInvokerView, restoreInvokerView } from "../../../shared/invoker/object.ts";
import { targetKey } from "../../../shared/target/ref.ts";
import { pageOf } from "../../../web/wire/page-of.ts";
import type { ApplicationView, Run } from "../../../web/wire/run.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { byAge } from "../../objects/list-input.ts";
import type { RunObject } from "../../objects/read-run.ts";
import type { RestoreObject } from "../../objects/restores.ts";
import { memberName } from "../../objects/session-facts.ts";
import { listPoints } from "../../points/decide.ts";
import { membersOfInvoker } from "../../restore/build-object.ts";
import { LONG_DAYS, OVERVIEW_DAYS } from "../history/questions.ts";
import type { WorldView } from "../world.ts";
import { createDays, createKnowing, findInvoker } from "./application-facts.ts";
import type { Asked } from "./asked.ts";
import { decideDrill, summaryOfDrill } from "./decide-drill.ts";
import { decideRecoveries, drillsOf, secondsOf } from "./decide-proof.ts";
import { decideRun, type RunPages, summaryOf } from "./decide-run.ts";

const RUNS_SHOWN = 20;

/** Asked with `kind`, `namespace` and `name`; `run` is `KIND/NAME` of one run, the newest where there is none. */
export function decideApplication({ world, query, nowMs, told: older }: Asked): ApplicationView {
  const invoker = findInvoker(world, query);
  if (invoker === undefined) return { runs: pageOf([], undefined, RUNS_SHOWN) };
  const { told } = createKnowing(world, nowMs)(invoker);
  const { repository } = invoker.spec;
  const runs = runsOf(invoker, world);
  const wanted = query["run"];
  const run = wanted === undefined ? runs[0] : runs.find(({ kind, metadata }) => `${kind}/${metadata.name}` === wanted);
  const points = listPoints({
    sessions: world.sessions(invoker),
    repositories: world.repositories(),
    invokers: [invoker],
  });
  const view = backupInvokerView(invoker);
  const { rows, ...page } = pageOf(runs, query["page"], RUNS_SHOWN);
  return {
    application: {
      ...told,
      schedule: view.schedule,
      zone: view.timeZone,
      isPaused: invoker.spec.paused === true,
      repository: repository?.name && `${repository.namespace || invoker.metadata.namespace}/${repository.name}`,
      members: membersIn(invoker, runs),
      days: createDays(world, {
        zone: query["zone"],
        nowMs,
        count: older === undefined ? OVERVIEW_DAYS : LONG_DAYS,
        told: older?.days,
      })(invoker),
    },
    recoveries: decideRecoveries(world, invoker, points, older?.recoveries),
    runs: { ...page, rows: rows.map((one) => (isDrill(one) ? summaryOfDrill(one) : summaryOf(one))) },
    run: run && showRun(run, world, { members: query["members"], hosts: query["hosts"] }),
  };
}

/** What is shown as a run: drills, too. */
type ShownRun = RunObject | BackupVerificationSession;

const isDrill = (run: ShownRun) => run.kind === "BackupVerificationSession";

function showRun(run: ShownRun, world: WorldView, pages: RunPages): Run {
  if (!isDrill(run)) return decideRun(run, pages);
  const { namespace, uid } = run.metadata;
  const restore = world
    .restores(namespace)
    .find((one) => one.kind === "RestoreBatch" && uid !== undefined && drillOf(one)?.uid === uid);
  const verifier = world
    .verifiers()
    .find(({ metadata }) => metadata.namespace === namespace && metadata.name === run.spec.verifier);
  const limitSeconds = secondsOf(verifier?.spec.maxRecoveryTime);
  return decideDrill(run, restore?.kind === "RestoreBatch" ? restore : undefined, limitSeconds, pages);
}

/** Those of its spec, and those that its newest session had: some join by a label. */
function membersIn(invoker: BackupInvokerObject, runs: readonly ShownRun[]): readonly string[] {
  const newest = runs.find((run) => run.kind === "BackupSession");
  const joined = newest?.kind === "BackupSession" ? (newest.status?.targets ?? []).map(memberName) : [];
  return [...new Set([...membersOfInvoker(invoker).map(({ name }) => name), ...joined])];
}

/** What it restores for, where it is a drill. */
function drillOf({ metadata }: RestoreObject) {
  return metadata.ownerReferences?.find(({ kind }) => kind === KINDS.BackupVerificationSession.kind);
}

/** Its sessions, restores of the same targets, and drills with what restores for them; newest first. */
function runsOf(invoker: BackupInvokerObject, world: WorldView): readonly ShownRun[] {
  const sessions = world.sessions(invoker);
  const keys = new Set(backupInvokerView(invoker).members.map(({ ref }) => targetKey(ref)));
  const names = new Set(sessions.map(({ metadata }) => metadata.name));
  const restores = world.restores(invoker.metadata.namespace).filter((restore) => {
    if (drillOf(restore) !== undefined) return false;
    return (
      names.has(wantedSession(restore)) ||
      restoreInvokerView(restore).members.some(({ ref }) => keys.has(targetKey(ref)))
    );
  });
  return [...sessions, ...restores, ...drillsOf(world, invoker)].sort(byAge);
}

function wantedSession({ spec, status }: RestoreObject): string {
  return status?.recoveryPoint?.session ?? spec.session ?? "";
}

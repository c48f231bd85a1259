/** One application: its runs, and one of them in full. Pure. */
import { backupInvokerView, restoreInvokerView } from "../../../shared/invoker/object.ts";
import { targetKey } from "../../../shared/target/ref.ts";
import type { ApplicationView } from "../../../web/wire/run.ts";
import type { BackupInvokerObject } from "../../objects/invokers.ts";
import { byAge } from "../../objects/list-input.ts";
import type { RunObject } from "../../objects/read-run.ts";
import type { RestoreObject } from "../../objects/restores.ts";
import { memberName } from "../../objects/session-facts.ts";
import { membersOfInvoker } from "../../restore/build-restore.ts";
import type { WorldView } from "../world.ts";
import { createDays, createKnowing } from "./application-facts.ts";
import { decideRun, summaryOf } from "./decide-run.ts";
import { pageOf } from "./page-of.ts";
import type { Asked } from "./view-table.ts";

const RUNS_SHOWN = 20;

/** Asked with `kind`, `namespace` and `name`; `run` is `KIND/NAME` of one run, the newest where there is none. */
export function decideApplication({ world, query, nowMs }: Asked): ApplicationView {
  const invoker = world.invokers().find(({ kind, metadata }) => {
    return kind === query["kind"] && metadata.namespace === query["namespace"] && metadata.name === query["name"];
  });
  if (invoker === undefined) return { runs: pageOf([], undefined, RUNS_SHOWN) };
  const { told } = createKnowing(world, nowMs)(invoker);
  const { repository } = invoker.spec;
  const runs = runsOf(invoker, world);
  const wanted = query["run"];
  const run = wanted === undefined ? runs[0] : runs.find(({ kind, metadata }) => `${kind}/${metadata.name}` === wanted);
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
      days: createDays(world, query["zone"], nowMs)(invoker),
    },
    runs: { ...page, rows: rows.map(summaryOf) },
    run: run && decideRun(run, query["hosts"]),
  };
}

/** Those of its spec, and those that its newest session had: some join by a label. */
function membersIn(invoker: BackupInvokerObject, runs: readonly RunObject[]): readonly string[] {
  const newest = runs.find((run) => run.kind === "BackupSession");
  const joined = newest?.kind === "BackupSession" ? (newest.status?.targets ?? []).map(memberName) : [];
  return [...new Set([...membersOfInvoker(invoker).map(({ name }) => name), ...joined])];
}

/** Its sessions, and restores of the same targets; newest first. */
function runsOf(invoker: BackupInvokerObject, world: WorldView): readonly RunObject[] {
  const sessions = world.sessions(invoker);
  const keys = new Set(backupInvokerView(invoker).members.map(({ ref }) => targetKey(ref)));
  const names = new Set(sessions.map(({ metadata }) => metadata.name));
  const restores = world.restores(invoker.metadata.namespace).filter((restore) => {
    return (
      names.has(wantedSession(restore)) ||
      restoreInvokerView(restore).members.some(({ ref }) => keys.has(targetKey(ref)))
    );
  });
  return [...sessions, ...restores].sort(byAge);
}

function wantedSession({ spec, status }: RestoreObject): string {
  return status?.recoveryPoint?.session ?? spec.session ?? "";
}

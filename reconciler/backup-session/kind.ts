/** Sessions as a kind of run. */
import { type BackupSession, parseBackupSession } from "../../shared/api/backup-session.ts";
import { isFinalSessionPhase } from "../../shared/status/backup-phase.ts";
import type { RunKind } from "../run/kind.ts";
import type { World } from "../world/informers.ts";
import { onAny } from "../world/on-any.ts";
import { actOnSession } from "./act.ts";
import { decideSession } from "./decide.ts";
import { BACKUP_WORDS } from "./facts.ts";
import { gatherSession, type SessionMemory } from "./gather.ts";
import { sessionOrders } from "./host-runs.ts";
import type { OwnAction } from "./step.ts";
import type { SessionStatus, SessionView } from "./view.ts";

interface Named {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

export const SESSION_KIND: RunKind<BackupSession, SessionView, SessionStatus, OwnAction, SessionMemory> = {
  name: "backup-session",
  words: BACKUP_WORDS,
  // Enough to keep the API server busy; what is due at this moment is created beside it and must not wait.
  concurrency: 8,
  createMemory: () => ({}),
  informersOf: ({ sessions }) => [sessions],
  parserOf: () => parseBackupSession,
  readStatus: ({ status }) => status ?? {},
  writeStatus: (_session, status) => status,
  isEnded: ({ status }) => isFinalSessionPhase(status?.phase),
  fold: (_ports, _key, _session, status) => status,
  viewOf: gatherSession,
  decide: decideSession,
  ordersOf: sessionOrders,
  act: actOnSession,
  isBeside: ({ kind }) => kind === "AddLabels",
  wokenBy(world: World, { these }) {
    const onInvoker = ({ kind, metadata }: Named): void =>
      these(world.sessions.byIndex("invoker", `${kind}/${metadata.namespace}/${metadata.name}`));
    return [world.configurations.subscribe(onAny(onInvoker)), world.batches.subscribe(onAny(onInvoker))];
  },
  lastWords: () => undefined,
};

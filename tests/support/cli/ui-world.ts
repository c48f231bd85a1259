/** The cluster as the pages see it, for tests of what they are told. */
import type { BackupInvokerObject } from "../../../cli/objects/invokers.ts";
import { byAge } from "../../../cli/objects/list-input.ts";
import type { RestoreObject } from "../../../cli/objects/restores.ts";
import type { WorldView } from "../../../cli/ui/world.ts";
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import type { BackupVerificationSession } from "../../../shared/api/backup-verification-session.ts";
import type { BackupVerifier } from "../../../shared/api/backup-verifier.ts";
import { parseRepository } from "../../../shared/api/repository.ts";

interface WorldFacts {
  readonly invokers?: readonly BackupInvokerObject[];
  readonly sessions?: readonly BackupSession[];
  readonly restores?: readonly RestoreObject[];
  /** As the API server sends them. */
  readonly repositories?: readonly unknown[];
  readonly verifiers?: readonly BackupVerifier[];
  readonly drills?: readonly BackupVerificationSession[];
  readonly unreadable?: readonly string[];
}

const keyOf = (kind: string | undefined, namespace: string, name: string | undefined) => `${kind}/${namespace}/${name}`;

export function aWorld(facts: WorldFacts = {}): WorldView {
  const { invokers = [], sessions = [], restores = [], repositories = [], unreadable = [] } = facts;
  const { verifiers = [], drills = [] } = facts;
  const newestFirst = [...sessions].sort(byAge);
  const byInvoker = Map.groupBy(newestFirst, ({ spec: { invoker }, metadata }) =>
    keyOf(invoker?.kind, metadata.namespace, invoker?.name),
  );
  const readRepositories = repositories.map((raw) => ({ raw, object: parseRepository(raw) }));
  return {
    isLoading: false,
    notices: [],
    unreadable: new Set(unreadable),
    invokers: () => invokers,
    sessions: (of) =>
      of === undefined ? newestFirst : (byInvoker.get(keyOf(of.kind, of.metadata.namespace, of.metadata.name)) ?? []),
    restores: (namespace) =>
      restores.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    repositories: () => readRepositories,
    verifiers: () => verifiers,
    drills: () => [...drills].sort(byAge),
  };
}

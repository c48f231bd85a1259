/** The cluster as the pages see it, for tests of what they are told. */

import type { BackupInvokerObject } from "../../../cli/objects/invokers.ts";
import { byAge } from "../../../cli/objects/list-input.ts";
import type { RestoreObject } from "../../../cli/objects/restores.ts";
import type { WorldView } from "../../../cli/ui/world.ts";
import type { BackupSession } from "../../../shared/api/backup-session.ts";
import { parseRepository } from "../../../shared/api/repository.ts";

interface WorldFacts {
  readonly invokers?: readonly BackupInvokerObject[];
  readonly sessions?: readonly BackupSession[];
  readonly restores?: readonly RestoreObject[];
  /** As the API server sends them. */
  readonly repositories?: readonly unknown[];
  readonly unreadable?: readonly string[];
}

export function aWorld({
  invokers = [],
  sessions = [],
  restores = [],
  repositories = [],
  unreadable = [],
}: WorldFacts = {}): WorldView {
  return {
    isLoading: false,
    notices: [],
    unreadable: new Set(unreadable),
    invokers: () => invokers,
    sessions: (of) =>
      [...sessions].sort(byAge).filter(({ spec: { invoker }, metadata }) => {
        if (of === undefined) return true;
        const isSame = invoker?.kind === of.kind && invoker.name === of.metadata.name;
        return isSame && metadata.namespace === of.metadata.namespace;
      }),
    restores: (namespace) =>
      restores.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace),
    repositories: () => repositories.map((raw) => ({ raw, object: parseRepository(raw) })),
  };
}

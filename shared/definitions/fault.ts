/** What can be wrong with a definition that the API server serves, and whether work may begin all the same. Pure. */
import { valueAt } from "../json/value.ts";
import { findMissingFields } from "./missing-fields.ts";
import { definitionName, STORED } from "./stored-schemas.ts";

export interface DefinitionFault {
  /** Of the definition, such as `repositories.stash.appscode.com`. */
  readonly name: string;
  /** Fields that the API server drops from what is written; none when it does not serve the kind at all. */
  readonly dropped: readonly string[];
  /** Work would begin again and again, since nothing would remember that it had begun. */
  readonly forgets: boolean;
}

export const APPLY_DEFINITIONS =
  "apply the definitions of this version: kubectl apply --server-side -k manifests/crds, with --force-conflicts if they have another owner";

/**
 * Fields in which the reconciler notes what it has begun, and reads whom it gave work to. Each version of ours has had them;
 * upstream's definitions have none of them.
 */
const MEMORY: Readonly<Record<string, readonly string[]>> = {
  BackupSession: [
    "status.hooks",
    "status.targets.hooks",
    "status.targets.stats.podUID",
    "status.targets.stats.attempt",
  ],
  RestoreSession: ["status.hooks", "status.stats.podUID", "status.stats.attempt"],
  RestoreBatch: ["status.hooks", "status.members.hooks", "status.members.stats.podUID", "status.members.stats.attempt"],
  HostRun: ["spec.pod", "spec.attempt", "status.phase", "status.hooks"],
};

/**
 * @param schemas of the kinds that the API server serves, by kind
 * @returns one for each definition that lacks something
 */
export function findDefinitionFaults(schemas: ReadonlyMap<string, unknown>): readonly DefinitionFault[] {
  return STORED.flatMap(({ entry, schema }): readonly DefinitionFault[] => {
    const name = definitionName(entry);
    const served = schemas.get(entry.kind);
    if (served === undefined) return [{ name, dropped: [], forgets: false }];
    // A definition without any schema keeps all that is written.
    if (valueAt(served, "x-kubernetes-preserve-unknown-fields") === true) return [];
    const dropped = findMissingFields(schema, served);
    const isMemory = (path: string) => (MEMORY[entry.kind] ?? []).some((one) => `${one}.`.startsWith(`${path}.`));
    return dropped.length === 0 ? [] : [{ name, dropped, forgets: dropped.some(isMemory) }];
  });
}

const MOST_NAMED = 3;

/** The first fields, and how many more there are. */
export function formatDropped(paths: readonly string[]): string {
  const rest = paths.length - MOST_NAMED;
  return `${paths.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/** One sentence for a log or a probe. */
export function formatDefinitionFault({ name, dropped, forgets }: DefinitionFault): string {
  if (dropped.length === 0) return `definition ${name} is missing`;
  const drops = `definition ${name} drops ${formatDropped(dropped)} from what is written`;
  return forgets ? `${drops}, so nothing would remember what was begun` : drops;
}

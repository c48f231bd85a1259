/** What the agent reads of a RestoreSession or RestoreBatch: one view over both. */
import { OnRestoreFailure, RestoreHookPolicy, RestoreHostPhase } from "../../shared/api/closed-lists.ts";
import { isSameTarget, type ResolvedTargetRef, resolveTargetRef } from "../../shared/target.ts";
import { type Checked, flag, isObject, list, number, oneOf, optional, parse, shape, text } from "./check.ts";
import { checkHandler, checkMetadata, checkRef, checkRepository, entryFields, handlerFields } from "./common.ts";

const checkRule = shape({
  targetHosts: optional(list(text)),
  sourceHost: optional(text),
  snapshots: optional(list(text)),
  paths: optional(list(text)),
  include: optional(list(text)),
  exclude: optional(list(text)),
});

const checkRestoredSnapshot = shape({
  id: optional(text),
  path: optional(text),
  time: optional(text),
  sizeBytes: optional(number),
  files: optional(number),
});

const checkEntry = shape({
  ...entryFields,
  phase: optional(oneOf(RestoreHostPhase)),
  snapshots: optional(list(checkRestoredSnapshot)),
});
export type RestoreEntry = Checked<typeof checkEntry>;

const checkMember = shape({
  target: optional(
    shape({
      alias: optional(text),
      ref: optional(checkRef),
      replicas: optional(number),
      volumeClaimTemplates: optional(list(shape({}))),
      rules: optional(list(checkRule)),
      args: optional(list(text)),
    }),
  ),
  tempDir: optional(shape({ disableCaching: optional(flag) })),
  hooks: optional(
    shape({
      preRestore: optional(checkHandler),
      postRestore: optional(shape({ ...handlerFields, executionPolicy: optional(oneOf(RestoreHookPolicy)) })),
    }),
  ),
});
export type RestoreMemberSpec = Checked<typeof checkMember>;

const checkChoice = shape({ onFailure: optional(oneOf(OnRestoreFailure)), rules: optional(list(checkRule)) });
const checkBatchSpec = shape({ members: optional(list(checkMember)) });

const checkPoint = shape({
  session: optional(text),
  snapshots: optional(
    list(shape({ target: optional(checkRef), hostname: optional(text), path: optional(text), id: optional(text) })),
  ),
});

const checkStatus = shape({
  phase: optional(text),
  message: optional(text),
  sessionDeadline: optional(text),
  repository: optional(checkRepository),
  recoveryPoint: optional(checkPoint),
  /** Of a RestoreSession. */
  stats: optional(list(checkEntry)),
  /** Of a RestoreBatch. */
  members: optional(list(shape({ ref: optional(checkRef), alias: optional(text), stats: optional(list(checkEntry)) }))),
});

const checkRestore = shape({
  kind: text,
  metadata: checkMetadata,
  status: optional(checkStatus),
});

/** One member of a restore with its hosts. */
export interface RestoreMember {
  readonly ref: ResolvedTargetRef;
  readonly alias: string | undefined;
  readonly spec: RestoreMemberSpec;
  readonly entries: readonly RestoreEntry[];
  /** JSON pointer of the list of entries. */
  readonly pointer: string;
}

export interface AgentRestore {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly phase: string | undefined;
  /** What it waits for, or why it failed. */
  readonly message: string | undefined;
  readonly onFailure: "Hold" | "Start";
  readonly deadline: string | undefined;
  readonly repository: Checked<typeof checkRepository> | undefined;
  readonly recoveryPoint: Checked<typeof checkPoint> | undefined;
  readonly members: readonly RestoreMember[];
}

type Status = Checked<typeof checkStatus>;

function batchMember(spec: RestoreMemberSpec, status: Status, namespace: string): RestoreMember {
  const ref = resolveTargetRef(spec.target?.ref, namespace);
  const alias = spec.target?.alias || undefined;
  const list = status.members ?? [];
  const index = list.findIndex(
    (entry) => isSameTarget(resolveTargetRef(entry.ref, namespace), ref) && (entry.alias || undefined) === alias,
  );
  return { ref, alias, spec, entries: list[index]?.stats ?? [], pointer: `/status/members/${index}/stats` };
}

function singleMember(
  spec: RestoreMemberSpec,
  rules: readonly Checked<typeof checkRule>[],
  status: Status,
  namespace: string,
) {
  const target = spec.target;
  const hasOwnRules = (target?.rules ?? []).length > 0;
  return {
    ref: resolveTargetRef(target?.ref, namespace),
    alias: target?.alias || undefined,
    spec: hasOwnRules || rules.length === 0 ? spec : { ...spec, target: { ...target, rules } },
    entries: status.stats ?? [],
    pointer: "/status/stats",
  };
}

/** Reads either kind. @throws UserError INVALID_OBJECT naming the field */
export function parseRestore(object: unknown): AgentRestore {
  const { kind, metadata, status = {} } = parse<Checked<typeof checkRestore>>(checkRestore, object);
  const rawSpec = isObject(object) ? object["spec"] : undefined;
  const choice = parse<Checked<typeof checkChoice>>(checkChoice, rawSpec, "spec");
  const { namespace, name, uid } = metadata;
  const members =
    kind === "RestoreBatch"
      ? (parse<Checked<typeof checkBatchSpec>>(checkBatchSpec, rawSpec, "spec").members ?? []).map((member) =>
          batchMember(member, status, namespace),
        )
      : [singleMember(parse<RestoreMemberSpec>(checkMember, rawSpec, "spec"), choice.rules ?? [], status, namespace)];
  return {
    kind,
    namespace,
    name,
    uid,
    phase: status.phase,
    message: status.message,
    onFailure: choice.onFailure ?? "Hold",
    deadline: status.sessionDeadline,
    repository: status.repository,
    recoveryPoint: status.recoveryPoint,
    members,
  };
}

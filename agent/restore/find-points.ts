/**
 * Looks into the repository for the recovery points that a restore may take, and tells them in its status. The reconciler
 * chooses: it knows which hosts there are, and has nothing to look with.
 */
import { messageOf, UserError } from "../../shared/errors.ts";
import { readRecoveryPoints, selectCandidates } from "../../shared/recovery-points.ts";
import { type AgentApi, createApi, type ObjectPath, type PatchOperation } from "../kube/api.ts";
import { createBackoff } from "../kube/backoff.ts";
import { type Checked, number, optional, parse, shape, text } from "../parse/check.ts";
import { type AgentRestore, parseRestore } from "../parse/restore.ts";
import type { AgentSettings } from "../settings.ts";
import { openRepository } from "../work/repository.ts";

const checkWanted = shape({
  metadata: shape({ generation: optional(number) }),
  spec: shape({ session: optional(text), asOf: optional(text) }),
});

interface WantedRestore {
  readonly restore: AgentRestore;
  readonly generation: number;
  readonly session: string | undefined;
  readonly asOfMs: number | undefined;
}

function readWanted(object: unknown): WantedRestore {
  const { metadata, spec } = parse<Checked<typeof checkWanted>>(checkWanted, object);
  return {
    restore: parseRestore(object),
    generation: metadata.generation ?? 0,
    session: spec.session || undefined,
    asOfMs: spec.asOf === undefined ? undefined : Date.parse(spec.asOf),
  };
}

/** Asks until there is an answer. @returns undefined when the object is gone */
async function insist(
  call: () => ReturnType<AgentApi["get"]>,
  settings: AgentSettings,
  signal: AbortSignal,
): Promise<unknown> {
  const backoff = createBackoff({ firstMs: 200, maxMs: 10_000 });
  for (;;) {
    const answer = await call();
    if (answer.kind === "ok") return answer.object;
    if (answer.kind === "gone") return undefined;
    if (answer.kind === "rejected") throw new UserError("INTERNAL", `the API server refused: ${answer.message}`);
    settings.log.warn({ error: messageOf(answer.error) }, "no answer of the API server; asked again");
    if (signal.aborted) throw answer.error;
    await backoff.wait(signal);
  }
}

/**
 * @returns false when the restore is gone
 * @throws UserError when the repository can't be opened or listed, or the status can't be written
 */
export async function findPoints(object: ObjectPath, settings: AgentSettings, signal: AbortSignal): Promise<boolean> {
  const api = createApi(settings.identity);
  const read = await insist(() => api.get(object, signal), settings, signal);
  if (read === undefined) return false;
  const { restore, generation, session, asOfMs } = readWanted(read);
  const restic = await openRepository(restore.repository, { settings, isCacheEnabled: true, signal });
  const points = readRecoveryPoints(await restic.snapshots({}, { signal }));
  const members = restore.members.map(({ ref, alias, spec }) => ({ ref, alias, target: spec.target ?? {} }));
  const candidates = selectCandidates(points, { session, asOfMs, members });
  const value = { generation, finishedAt: new Date().toISOString(), found: points.length, points: candidates };
  const patch: readonly PatchOperation[] = [
    { op: "test", path: "/metadata/uid", value: restore.uid },
    { op: "add", path: "/status/pointSearch", value },
  ];
  const written = await insist(() => api.patchStatus(object, patch, signal), settings, signal);
  settings.log.info({ found: points.length, candidates: candidates.length }, "recovery points told");
  return written !== undefined;
}

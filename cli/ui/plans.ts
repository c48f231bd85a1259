/** Restores by clicks: a plan first, then exactly what was planned. */
import { randomUUID } from "node:crypto";
import { stringify } from "yaml";
import { KINDS } from "../../shared/api/kinds.ts";
import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import { restoreInvokerView } from "../../shared/invoker/object.ts";
import type { PlanAnswer, Started } from "../../web/wire/asked.ts";
import type { Cluster } from "../cluster/interface.ts";
import { decidePlan } from "../restore/decide-plan.ts";
import { formatFiles, withFiles } from "../restore/file-plan.ts";
import { gatherPlanView } from "../restore/gather.ts";
import { prepareRestore } from "../restore/prepare.ts";
import { tryFiles } from "../restore/try-files.ts";
import { requireText } from "./read-body.ts";

export interface Plans {
  /** Plans a restore to the point of a session. Changes nothing. */
  plan(body: unknown): Promise<PlanAnswer>;
  /** Makes what was planned, when the application's name was typed. */
  apply(body: unknown): Promise<Started>;
}

interface Planned {
  readonly restore: RestoreBatch;
  readonly application: string;
  readonly atMs: number;
}

export interface PlanPorts {
  readonly cluster: Cluster;
  /** Whether dry runs may be asked for: of the API server, and of restic in the pods. Both need a right to create. */
  readonly allowsActions: boolean;
  /** Whether the API server would let a restore be made; undefined where it does not say. */
  mayRestore(namespace: string): Promise<boolean | undefined>;
  readonly now: () => number;
}

/** A plan that is older may be of another world. */
export const PLAN_LIFETIME_MS = 10 * 60_000;
const MOST_PLANS = 100;

export function createPlans({ cluster, allowsActions, mayRestore, now }: PlanPorts): Plans {
  const planned = new Map<string, Planned>();

  function keep(plan: Planned): string {
    const id = randomUUID();
    planned.set(id, plan);
    for (const oldest of planned.keys()) {
      if (planned.size <= MOST_PLANS) break;
      planned.delete(oldest);
    }
    return id;
  }

  return {
    async plan(body) {
      const [kind, namespace] = [requireText(body, "kind"), requireText(body, "namespace")];
      const [name, session] = [requireText(body, "name"), requireText(body, "session")];
      const here: Cluster = { ...cluster, namespace, scope: namespace };
      const notes: string[] = [];
      const prepared = await prepareRestore(here, {
        word: `${kind}/${name}`,
        point: { kind: "session", session },
        members: [],
        name: undefined,
        nowMs: now(),
        note: (text) => void notes.push(text),
      });
      const { restore } = prepared;
      // Whoever may not make it may still see what it would be.
      const isChecked = allowsActions && (await mayRestore(namespace)) !== false;
      if (isChecked) await here.create(KINDS.RestoreBatch, namespace, restore, { isDryRun: true });
      const known = decidePlan({ ...prepared, ...(await gatherPlanView(here, restore)) });
      const tried = isChecked ? await tryFiles(here, restoreInvokerView(restore), known.members) : [];
      const { members, waitsFor, leftOut, point } = withFiles(known, tried);
      return {
        id: keep({ restore, application: name, atMs: now() }),
        restore: { kind: restore.kind, namespace, name: restore.metadata.name },
        yaml: stringify(restore),
        isChecked,
        notes,
        point: point && { session: point.session, time: point.time, isComplete: point.isComplete },
        members: members.map(({ files: _, ...member }) => member),
        files: members.flatMap(formatFiles),
        waitsFor,
        leftOut,
      };
    },
    async apply(body) {
      const [id, typedName] = [requireText(body, "id"), requireText(body, "typedName")];
      const found = planned.get(id);
      if (found === undefined || now() - found.atMs > PLAN_LIFETIME_MS) {
        throw new UserError("NOT_FOUND", "this plan is not known any more", { next: "plan the restore again" });
      }
      if (typedName !== found.application) {
        throw new UserError("INVALID_OBJECT", `${JSON.stringify(typedName)} is not the application's name`, {
          next: `type ${found.application}`,
        });
      }
      const { namespace, name } = found.restore.metadata;
      await cluster.create(KINDS.RestoreBatch, namespace, found.restore);
      // Kept until it is there: a call that failed may be made again, and the same name can't be made twice.
      planned.delete(id);
      return { kind: found.restore.kind, namespace, name };
    },
  };
}

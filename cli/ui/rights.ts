/** What buttons need, and whoever looks may not do. */
import { KINDS } from "../../shared/api/kinds.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import type { Lacking, RightsView } from "../../web/wire/asked.ts";
import { formatQuestion, formatRight, type MissingRight } from "../cluster/missing-right.ts";
import { POD_LOGS, PODS } from "../cluster/resources.ts";
import { mayDo } from "../cluster/self-access.ts";

/** By button; the first that lacks is named. */
const NEEDED: Readonly<Record<keyof RightsView, readonly Pick<MissingRight, "verb" | "resource">[]>> = {
  trigger: [{ verb: "create", resource: KINDS.BackupSession }],
  restore: [{ verb: "create", resource: KINDS.RestoreBatch }],
  log: [
    { verb: "get", resource: PODS },
    { verb: "get", resource: POD_LOGS },
  ],
};

/** What the API server does not say counts as there: it decides when it is tried. */
export async function findMissing(client: Pick<KubeClient, "create">, namespace: string): Promise<RightsView> {
  const lacking = async (name: keyof RightsView): Promise<Lacking | undefined> => {
    const rights = NEEDED[name].map((right) => ({ ...right, namespace }));
    const answers = await Promise.all(rights.map((right) => mayDo(client, right)));
    const missing = rights.find((_right, at) => answers[at] === false);
    if (missing === undefined) return undefined;
    return {
      message: `you lack the right to ${formatRight(missing)}`,
      next: `check it with: ${formatQuestion(missing)}`,
    };
  };
  const [trigger, restore, log] = await Promise.all([lacking("trigger"), lacking("restore"), lacking("log")]);
  return { trigger, restore, log };
}

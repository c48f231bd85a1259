/** Explains a manifest that somebody pastes, as `kubectl stash explain` does a file. */
import { readResourceFlags } from "../../shared/injection/resource-flags.ts";
import type { ExplainView } from "../../web/wire/asked.ts";
import type { Cluster } from "../cluster/interface.ts";
import { parseObjects } from "../explain/parse-objects.ts";
import { explainAll } from "../explain/run-objects.ts";
import { watchCluster } from "../explain/watch-cluster.ts";
import { requireText } from "./read-body.ts";

/** The command's own name for it, where no --image tells. */
const IMAGE = "stash-batch";

/** @throws UserError INVALID_OBJECT for a text that is no YAML, NOT_FOUND where nothing in it can be explained */
export async function explainText(cluster: Cluster, body: unknown): Promise<ExplainView> {
  const objects = parseObjects(requireText(body, "text"), "the text");
  const watched = await watchCluster(cluster);
  try {
    const resources = readResourceFlags({}, []);
    const settings = { image: IMAGE, nativeSidecar: false, followsImage: false, resources };
    const { namespace } = cluster;
    const told = await explainAll({ live: undefined, hasDiff: true, settings, namespace, objects }, watched);
    return { image: IMAGE, namespace, texts: told.map(({ text }) => text) };
  } finally {
    await watched.close();
  }
}

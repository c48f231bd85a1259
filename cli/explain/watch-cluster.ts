/** What the webhook knows of a cluster, read once for an explanation. */
import { UserError } from "../../shared/errors.ts";
import type { InjectionWorld } from "../../shared/injection/gather.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import type { KubeClient } from "../../shared/kube/client/interface.ts";
import { createWorld } from "../../webhook/world.ts";
import type { Cluster } from "../cluster/interface.ts";

const SYNC_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/** What there is of a real cluster. */
export interface WatchedCluster {
  readonly client: KubeClient;
  /** Of objects that name none. */
  readonly namespace: string;
  readonly world: InjectionWorld;
  /** The same for single objects. */
  readonly reader: Cluster;
  close(): Promise<void>;
}

/** Reads all that a decision looks at. @throws UserError API_UNAVAILABLE when that takes too long */
export async function watchCluster(reader: Cluster): Promise<WatchedCluster> {
  const { connection, namespace } = reader;
  const client = createKubeClient({ connection, program: "explain" });
  const problems: string[] = [];
  const world = createWorld({
    client,
    onProblem: (problem) =>
      problems.push(
        JSON.stringify(problem, (_key, field: unknown) => (field instanceof Error ? field.message : field)),
      ),
    onFail: () => undefined,
  });
  world.start();
  const close = async () => {
    await world.stop();
    client.close();
  };
  const deadline = performance.now() + SYNC_TIMEOUT_MS;
  while (!world.isSynced()) {
    if (performance.now() > deadline) {
      await close();
      throw new UserError("API_UNAVAILABLE", `the cluster could not be read: ${problems.slice(0, 3).join("; ")}`, {
        next: "check --kubeconfig and your rights to list the kinds of stash.appscode.com, or use --offline",
      });
    }
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
  return { client, namespace, world, reader, close };
}

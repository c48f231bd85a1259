/**
 * Set-up of each cluster file: the namespaces that it made go when it ends. Its worker's next file has the same node, and the pods of thirty
 * files ask for more processors than a small machine has.
 */
import { afterAll, beforeAll } from "vitest";
import { Install } from "../../shared/contract.ts";
import { textAt } from "../../shared/json/value.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { KUBERNETES } from "./objects/resources.ts";
import { sharedPlane } from "./shared-plane.ts";

const { kubeconfigPath } = sharedPlane();
const client = createKubeClient({
  connection: await findConnection({ env: {}, kubeconfigPath }),
  program: "tests",
});
/** The product's own stays: each file installs into it anew. */
const kept = new Set<string | undefined>([Install.Namespace]);

async function namespaces(): Promise<readonly (string | undefined)[]> {
  const { items } = await client.list(KUBERNETES.Namespace, undefined, asIs);
  return items.map((item) => textAt(item, "metadata", "name"));
}

beforeAll(async () => {
  for (const name of await namespaces()) kept.add(name);
});

afterAll(async () => {
  const made = (await namespaces()).flatMap((name) => (name === undefined || kept.has(name) ? [] : [name]));
  await Promise.all(made.map((name) => client.delete(KUBERNETES.Namespace, undefined, name)));
  client.close();
});

/** Clients for tests that talk to a real API server. */
import { KubeError } from "../../../shared/kube/client/error.ts";
import { createKubeClient } from "../../../shared/kube/client/http.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Connection } from "../../../shared/kube/connection/credentials.ts";
import { kubeconfigConnection } from "../../../shared/kube/connection/kubeconfig.ts";

export interface TestClient {
  readonly client: KubeClient;
  readonly connection: Connection;
}

/** @param port where the API server is reached instead, through a proxy on loopback */
export async function openTestClient(kubeconfigPath: string, port?: number): Promise<TestClient> {
  const direct = await kubeconfigConnection({ path: kubeconfigPath });
  const serverUrl = new URL(direct.serverUrl);
  if (port !== undefined) serverUrl.port = String(port);
  const connection = { ...direct, serverUrl };
  return { connection, client: createKubeClient({ connection, program: "stash-batch-test" }) };
}

/** The error that a call is expected to end with. @throws Error when it ends otherwise */
export async function failureOf(promise: Promise<unknown>): Promise<KubeError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof KubeError) return thrown;
  throw new Error(`expected a KubeError, got ${String(thrown)}`);
}

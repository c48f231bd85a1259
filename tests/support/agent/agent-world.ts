/**
 * A namespace in which real agent processes run against a real API server, without a kubelet: an identity with an agent's
 * rights, folders in place of the mounted volumes, and a hand that writes what the reconciler would write.
 */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AGENT_RULES } from "../../../reconciler/rights/agent-rules.ts";
import { buildAgent } from "../../../scripts/build.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { removeFolder } from "../control-plane/remove-folder.ts";
import { KUBERNETES } from "../objects/resources.ts";

export const PASSWORD = "a password of tests";

export interface AgentWorld {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Temporary folder of the world; the folders below lie in it. */
  readonly dir: string;
  readonly scratch: string;
  readonly secrets: string;
  readonly identity: string;
  /** Folder of the local repository. */
  readonly repository: string;
  /** Folder of the data. */
  readonly data: string;
  readonly serverUrl: string;
  /** The agent as it is bundled for the image. */
  readonly script: string;
  /** Gives the agent's account more rights, under a name of their own. */
  allow(name: string, rules: readonly object[]): Promise<void>;
  stop(): Promise<void>;
}

function tokenOf(value: unknown): string {
  const status = typeof value === "object" && value !== null && "status" in value ? value.status : undefined;
  if (typeof status === "object" && status !== null && "token" in status && typeof status.token === "string") {
    return status.token;
  }
  throw new Error("the API server gave no token");
}

async function bind(client: KubeClient, namespace: string, name: string, rules: readonly object[]): Promise<void> {
  const metadata = { name, namespace };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name };
  const subjects = [{ kind: "ServiceAccount", name: "workload", namespace }];
  await client.create(KUBERNETES.Role, namespace, { metadata, rules }, asIs);
  await client.create(KUBERNETES.RoleBinding, namespace, { metadata, roleRef, subjects }, asIs);
}

/** Makes the namespace, the rights and the folders. */
export async function createAgentWorld(
  client: KubeClient,
  api: { readonly serverUrl: string; readonly caPem: string; readonly bundlesFolder?: string },
): Promise<AgentWorld> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-agent-"));
  const namespace = `agent-${dir.slice(-6).toLowerCase()}`;
  const folders = {
    scratch: join(dir, "scratch"),
    secrets: join(dir, "secrets"),
    identity: join(dir, "identity"),
    repository: join(dir, "repository"),
    data: join(dir, "data"),
  };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true });
  const bundles = api.bundlesFolder ?? join(dir, "agent");
  if (api.bundlesFolder === undefined) await buildAgent(bundles);
  await mkdir(join(folders.secrets, "backend"));
  await writeFile(join(folders.secrets, "backend", "RESTIC_PASSWORD"), PASSWORD);
  await client.create(KUBERNETES.Namespace, undefined, { metadata: { name: namespace } }, asIs);
  const account = { metadata: { name: "workload", namespace } };
  await client.create(KUBERNETES.ServiceAccount, namespace, account, asIs);
  await bind(client, namespace, "agent", AGENT_RULES);
  const request = { spec: { expirationSeconds: 3_600 } };
  const token = await client.createSubresource(
    KUBERNETES.ServiceAccount,
    namespace,
    "workload",
    "token",
    request,
    tokenOf,
  );
  await writeFile(join(folders.identity, "token"), token);
  await writeFile(join(folders.identity, "ca.crt"), api.caPem);
  await writeFile(join(folders.identity, "namespace"), namespace);
  return {
    client,
    namespace,
    dir,
    ...folders,
    serverUrl: api.serverUrl,
    script: join(bundles, "agent.mjs"),
    allow: (name, rules) => bind(client, namespace, name, rules),
    async stop() {
      await client.delete(KUBERNETES.Namespace, undefined, namespace);
      removeFolder(dir);
    },
  };
}

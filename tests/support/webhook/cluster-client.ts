/** The shared control plane as the webhook's tests use it. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { textAt } from "../../../shared/json/value.ts";
import { createKubeClient } from "../../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { findConnection } from "../../../shared/kube/connection/find.ts";
import type { KeyAndCertificate } from "../control-plane/certificates.ts";
import { applyManifests, type Manifest } from "../objects/apply.ts";
import { KUBERNETES } from "../objects/resources.ts";

export async function connectTo(kubeconfigPath: string): Promise<KubeClient> {
  const connection = await findConnection({ env: {}, kubeconfigPath });
  return createKubeClient({ connection, program: "tests" });
}

/** The authority that the API server's own serving certificate is signed by; a test may sign with it. */
export async function readAuthority(files: {
  readonly certPath: string;
  readonly keyPath: string;
}): Promise<KeyAndCertificate> {
  return { certPem: await readFile(files.certPath, "utf8"), keyPem: await readFile(files.keyPath, "utf8") };
}

interface RuleOf {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export interface Person {
  readonly client: KubeClient;
  leave(): Promise<void>;
}

/** Someone with exactly these rights in a namespace: a ServiceAccount, its token, and a client that uses it. */
export async function letIn(
  admin: KubeClient,
  where: { readonly serverUrl: string; readonly caPem: string; readonly namespace: string },
  name: string,
  rules: readonly RuleOf[],
): Promise<Person> {
  const { namespace } = where;
  const rbac = "rbac.authorization.k8s.io";
  const manifests: Manifest[] = [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name, namespace }, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: { name, namespace },
      roleRef: { apiGroup: rbac, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ];
  await applyManifests(admin, manifests);
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 600 } };
  const answer = await admin.createSubresource(KUBERNETES.ServiceAccount, namespace, name, "token", request, asIs);
  const folder = await mkdtemp(join(tmpdir(), "stash-batch-person-"));
  const path = join(folder, "kubeconfig");
  await writeFile(path, kubeconfigOf(where, textAt(answer, "status", "token") ?? ""), { mode: 0o600 });
  const client = await connectTo(path);
  return {
    client,
    leave: async () => {
      client.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function kubeconfigOf({ serverUrl, caPem }: { serverUrl: string; caPem: string }, token: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "it",
    contexts: [{ name: "it", context: { cluster: "it", user: "it" } }],
    clusters: [
      {
        name: "it",
        cluster: { server: serverUrl, "certificate-authority-data": Buffer.from(caPem).toString("base64") },
      },
    ],
    users: [{ name: "it", user: { token } }],
  });
}

/** Kubeconfig files for clients of the test control plane. */
import { stringify } from "yaml";
import { issueClient, type KeyAndCertificate, loadCertificates } from "./certificates.ts";

/**
 * Formats a kubeconfig that carries its certificates inside, so that the file works wherever it is copied.
 *
 * @param serverUrl such as https://127.0.0.1:6443
 * @param caPem authority that signed the server's certificate
 */
export function formatKubeconfig(serverUrl: string, caPem: string, user: string, client: KeyAndCertificate): string {
  const base64 = (pem: string): string => Buffer.from(pem).toString("base64");
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "test", cluster: { server: serverUrl, "certificate-authority-data": base64(caPem) } }],
    users: [
      {
        name: user,
        user: {
          "client-certificate-data": base64(client.certPem),
          "client-key-data": base64(client.keyPem),
        },
      },
    ],
    contexts: [{ name: "test", context: { cluster: "test", user } }],
    "current-context": "test",
  });
}

/**
 * Makes a user of any test control plane of this machine, the shared one too: they all trust one authority.
 *
 * @returns text of a kubeconfig with a new client certificate
 */
export async function makeUserKubeconfig(serverUrl: string, user: string, groups: readonly string[]): Promise<string> {
  const { ca } = await loadCertificates();
  return formatKubeconfig(serverUrl, ca.certPem, user, await issueClient(ca, { user, groups }));
}

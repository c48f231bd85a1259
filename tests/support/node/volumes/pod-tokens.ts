/** The service account tokens of one pod: asked for once, kept until they are due for renewal. */
import type { V1Pod } from "@kubernetes/client-node";
import { parseRecord } from "../api/kinds.ts";
import type { KubeApi } from "../api/kube-api.ts";

interface HeldToken {
  readonly token: string;
  readonly renewAt: number;
}

/** A kubelet renews a token when four fifths of its life are over. */
const RENEW_AFTER = 0.8;

export class PodTokens {
  readonly #api: KubeApi;
  readonly #held = new Map<string, HeldToken>();

  constructor(api: KubeApi) {
    this.#api = api;
  }

  /** @throws ApiError when the API server refuses, such as for a ServiceAccount that is missing */
  async get(pod: V1Pod, audience: string | undefined, expirationSeconds: number): Promise<string> {
    const key = `${expirationSeconds} ${audience ?? ""}`;
    const held = this.#held.get(key);
    if (held !== undefined && Date.now() < held.renewAt) return held.token;
    const token = await requestToken(this.#api, pod, audience, expirationSeconds);
    this.#held.set(key, { token, renewAt: Date.now() + expirationSeconds * RENEW_AFTER * 1_000 });
    return token;
  }

  isDue(now: number): boolean {
    return [...this.#held.values()].some(({ renewAt }) => renewAt <= now);
  }
}

async function requestToken(
  api: KubeApi,
  pod: V1Pod,
  audience: string | undefined,
  expirationSeconds: number,
): Promise<string> {
  const { namespace, name, uid } = pod.metadata ?? {};
  const answer = await api.request({
    method: "POST",
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec?.serviceAccountName ?? "default"}/token`,
    body: {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: audience === undefined ? [] : [audience],
        expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid },
      },
    },
  });
  const { token } = parseRecord(parseRecord(answer)["status"]);
  if (typeof token !== "string") throw new Error("the API server gave no token");
  return token;
}

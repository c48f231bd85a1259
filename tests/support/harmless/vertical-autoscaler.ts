/**
 * What a VerticalPodAutoscaler does to pods: an admission webhook of its own, behind ours, gives each container that it knows other requests, and
 * limits in the same proportion. The template of the workload stays as it is.
 */
import { once } from "node:events";
import { createServer } from "node:https";
import { objectsAt } from "../../../shared/injection/workload.ts";
import { isJsonObject, textAt, valueAt } from "../../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { readQuantity } from "../../../shared/quantity.ts";
import { issueServer, loadCertificates } from "../control-plane/certificates.ts";
import { eventually } from "../eventually.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { STAGE_TIMEOUT_MS } from "./stage.ts";

/** Bytes of memory to request, by the container's name. */
export type Recommendation = Readonly<Record<string, number>>;

/** @returns ends it */
export async function startVerticalAutoscaler(
  client: KubeClient,
  namespace: string,
  recommendation: Recommendation,
): Promise<() => Promise<void>> {
  const { ca } = await loadCertificates();
  const { certPem, keyPem } = await issueServer(ca, { user: "vpa", groups: [] }, ["vpa.test"], ["127.0.0.1"]);
  const server = createServer({ cert: certPem, key: keyPem }, async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const review: unknown = JSON.parse(body);
    const patch = patchOf(valueAt(review, "request", "object"), recommendation);
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        apiVersion: "admission.k8s.io/v1",
        kind: "AdmissionReview",
        response: {
          uid: textAt(review, "request", "uid"),
          allowed: true,
          patchType: "JSONPatch",
          patch: Buffer.from(JSON.stringify(patch)).toString("base64"),
        },
      }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = isJsonObject(address) ? address["port"] : 0;
  const name = `vpa-${namespace}`;
  const configuration = {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name },
    webhooks: [
      {
        name: "vpa.test.local",
        clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: Buffer.from(ca.certPem).toString("base64") },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] }],
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Ignore",
      },
    ],
  };
  await client.create(KUBERNETES.MutatingWebhookConfiguration, undefined, configuration, asIs);
  await eventually(
    async () => client.create(KUBERNETES.Pod, namespace, aProbe(namespace, recommendation), asIs, { dryRun: true }),
    (pod) =>
      objectsAt(pod, "spec", "containers").every((one) => textAt(one, "resources", "requests", "memory") !== "1"),
    STAGE_TIMEOUT_MS,
  );
  return async () => {
    await client.delete(KUBERNETES.MutatingWebhookConfiguration, undefined, name);
    server.closeAllConnections();
    server.close();
  };
}

function aProbe(namespace: string, recommendation: Recommendation) {
  const resources = { requests: { cpu: "1m", memory: "1" }, limits: { cpu: "1m", memory: "1" } };
  const containers = Object.keys(recommendation).map((name) => ({ name, image: "probe:1", resources }));
  return { apiVersion: "v1", kind: "Pod", metadata: { name: "probe", namespace }, spec: { containers } };
}

function patchOf(pod: unknown, recommendation: Recommendation): readonly object[] {
  return objectsAt(pod, "spec", "containers").flatMap((container, at) => {
    const wanted = recommendation[textAt(container, "name") ?? ""];
    if (wanted === undefined) return [];
    const [request, limit] = ["requests", "limits"].map(
      (list) => readQuantity(textAt(container, "resources", list, "memory") ?? "") ?? 0,
    );
    const path = (list: string) => `/spec/containers/${at}/resources/${list}/memory`;
    const value = Math.round(((limit ?? 0) * wanted) / (request || 1));
    return [
      { op: "add", path: path("requests"), value: String(wanted) },
      ...(limit ? [{ op: "add", path: path("limits"), value: String(value) }] : []),
    ];
  });
}

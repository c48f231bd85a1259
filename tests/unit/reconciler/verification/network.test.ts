/** Whom the pods of a drill reach. */
import { expect, test } from "vitest";
import { buildPolicies } from "../../../../reconciler/verification/network.ts";
import type { Backend } from "../../../../shared/api/backend.ts";
import { valueAt } from "../../../../shared/json/value.ts";
import { aDrill } from "./builders.ts";

const drill = aDrill();

function egressOf(backend: Backend | undefined, proxies: readonly string[] = []): readonly unknown[] {
  const [, ofStore] = buildPolicies(drill, { backend, proxies, apiPorts: [443, 6443] });
  const egress = valueAt(ofStore, "spec", "egress");
  // DNS and the API server come first.
  return Array.isArray(egress) ? egress.slice(2) : [];
}

const onPort = (port: number) => ({ ports: [{ protocol: "TCP", port }] });
const inNamespace = (name: string) => ({
  to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } }],
});
const rest = (url: string): Backend => ({ rest: { url } });

test("pods of a drill reach each other, and nobody else reaches them", () => {
  const [all, ofStore] = buildPolicies(drill, { backend: undefined, proxies: [], apiPorts: [443, 443, 7000] });
  const own = {
    podSelector: { matchLabels: { "app.kubernetes.io/instance": expect.stringMatching(/^drill-drill-1-/) } },
  };
  expect(all).toMatchObject({
    metadata: { namespace: "demo", ownerReferences: [{ uid: "uid-drill-1", controller: true }] },
    spec: { ...own, policyTypes: ["Ingress", "Egress"], ingress: [{ from: [own] }], egress: [{ to: [own] }] },
  });
  // What an author of a verifier runs, and what restored data may run, is not let out.
  expect(ofStore).toMatchObject({
    spec: {
      podSelector: {
        ...own.podSelector,
        matchExpressions: [{ operator: "NotIn", values: ["verification-server", "verification-script"] }],
      },
      policyTypes: ["Egress"],
    },
  });
  expect(valueAt(ofStore, "spec", "egress")).toEqual([
    { ports: [53, 5353].flatMap((port) => ["UDP", "TCP"].map((protocol) => ({ protocol, port }))) },
    { ports: [443, 7000].map((port) => ({ protocol: "TCP", port })) },
  ]);
});

test.each<[string, Backend, readonly unknown[]]>([
  ["a volume", { local: { mountPath: "/safe/x" } }, []],
  ["an address", rest("http://10.1.2.3:8000/x/"), [{ to: [{ ipBlock: { cidr: "10.1.2.3/32" } }], ...onPort(8000) }]],
  [
    "an address of the new kind",
    rest("https://[2001:db8::1]/"),
    [{ to: [{ ipBlock: { cidr: "2001:db8::1/128" } }], ...onPort(443) }],
  ],
  ["a name of the world", rest("https://user:word@backup.example.com/x"), [onPort(443)]],
  ["a Service, whose pods listen elsewhere", rest("http://rest.storage.svc:80/"), [inNamespace("storage")]],
  ["one with the cluster's domain", rest("http://rest.storage.svc.cluster.local./"), [inNamespace("storage")]],
  ["a pod of a Service", rest("http://rest-0.rest.storage.svc.cluster.local/"), [inNamespace("storage")]],
  ["a Service of the same namespace", rest("http://rest:8000/"), [inNamespace("demo")]],
  ["what may be a Service", rest("http://rest.storage/"), [inNamespace("storage"), onPort(80)]],
  ["a store of the world with such a label", rest("https://s3.svc.example.com:9000/"), [onPort(9000)]],
  [
    "one that may be a Service under a domain of the cluster's own",
    rest("https://data.eu.svc.example.com/"),
    [inNamespace("eu"), onPort(443)],
  ],
  ["what can't be read", rest("of tests"), []],
  ["Swift, whose catalogue says where", { swift: { container: "c" } }, [{}]],
])("the store is reached: %s", (_what, backend, rules) => {
  expect(egressOf(backend)).toEqual(rules);
});

test("a store of a cloud is reached with what tells its credentials, and every store by the proxies that its Secret names", () => {
  const cloud = [onPort(443), { to: [{ ipBlock: { cidr: "169.254.0.0/16" } }] }];
  expect(egressOf({ gcs: { bucket: "b" } })).toEqual(cloud);
  expect(egressOf({ s3: { endpoint: "minio.example.com:9000", bucket: "b" } })).toEqual([onPort(9000), ...cloud]);
  expect(egressOf(rest("https://a.example.com/"), ["http://proxy.infra.svc:3128", "10.0.0.9:8080"])).toEqual([
    onPort(443),
    inNamespace("infra"),
    { to: [{ ipBlock: { cidr: "10.0.0.9/32" } }], ...onPort(8080) },
  ]);
});

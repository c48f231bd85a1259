import { once } from "node:events";
import { createServer, type Server } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCertificate } from "../../certs/certificate-facts.ts";
import type { CertificateSettings } from "../../certs/decide-certificates.ts";
import { CertificateMode, createElectedKeeper } from "../../certs/elected-keeper.ts";
import { findCertificateSecret } from "../../certs/secret.ts";
import { type ServingCertificate, watchServingCertificate } from "../../certs/watch-serving-certificate.ts";
import { findConfigurations } from "../../certs/webhook-configurations.ts";
import { systemClock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { isJsonObject, textAt } from "../../shared/json/value.ts";
import { createKubeClient } from "../../shared/kube/client/http.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { findConnection } from "../../shared/kube/connection/find.ts";
import { createLogger } from "../../shared/log.ts";
import { eventually } from "../support/eventually.ts";
import { applyManifests } from "../support/objects/apply.ts";
import { KUBERNETES } from "../support/objects/resources.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "certs-test";
const SECRET = { namespace: NAMESPACE, name: "serving" };
const AUTHORITY = { namespace: NAMESPACE, name: "authority" };
const CONFIGURATION = { kind: "ValidatingWebhookConfiguration", name: "certs-test" } as const;

/** A life of two years in half a minute: the authority is replaced after 8 s, what is served after 4 s. */
const FAST: CertificateSettings = {
  caLifetimeMs: 60_000,
  caRenewBeforeMs: 52_000,
  servingLifetimeMs: 30_000,
  servingRenewBeforeMs: 26_000,
  propagationMs: 2_500,
  previousCaGraceMs: 2_000,
};

const signal = new AbortController().signal;
const log = createLogger("test", "error");
let client: KubeClient;
let server: Server;
let port: number;

/** Answers every review with yes. */
function answer(body: string): string {
  const review: unknown = JSON.parse(body);
  const uid = textAt(review, "request", "uid");
  return JSON.stringify({
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid, allowed: true },
  });
}

beforeAll(async () => {
  client = createKubeClient({
    connection: await findConnection({ env: {}, kubeconfigPath: sharedPlane().kubeconfigPath }),
    program: "tests",
  });
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      // Every call on a connection of its own: an open one would not notice a change of certificates.
      response.setHeader("connection", "close");
      response.setHeader("content-type", "application/json");
      response.end(answer(Buffer.concat(parts).toString()));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  const metadata = { name: NAMESPACE, labels: { "certs-test": "yes" } };
  await applyManifests(client, [{ apiVersion: "v1", kind: "Namespace", metadata }, configuration()]);
});

afterAll(async () => {
  await client.delete(KUBERNETES.ValidatingWebhookConfiguration, undefined, CONFIGURATION.name);
  await client.delete(KUBERNETES.Namespace, undefined, NAMESPACE);
  server.closeAllConnections();
  server.close();
  client.close();
});

function configuration() {
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: CONFIGURATION.kind,
    metadata: { name: CONFIGURATION.name },
    webhooks: [
      {
        name: "certs.test.example",
        clientConfig: { url: `https://127.0.0.1:${port}/validate` },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] }],
        namespaceSelector: { matchLabels: { "certs-test": "yes" } },
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
        timeoutSeconds: 3,
      },
    ],
  };
}

function createKeeper(
  identity: string,
  events: string[],
  onExpiry: (servingMs: number | undefined) => void = () => {},
) {
  return createElectedKeeper({
    client,
    clock: systemClock,
    log,
    secret: SECRET,
    authoritySecret: AUTHORITY,
    configurations: [CONFIGURATION],
    names: ["127.0.0.1"],
    settings: FAST,
    mode: CertificateMode.Own,
    identity,
    leaseTimings: { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 400 },
    recordEvent: (_type, reason) => events.push(reason),
    onExpiry: ({ servingMs }) => onExpiry(servingMs),
  });
}

/** Passes only through our webhook. */
async function admitOnce(): Promise<void> {
  const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe" } };
  await client.create(KUBERNETES.ConfigMap, NAMESPACE, body, asIs, { dryRun: true, maxRetries: 0 });
}

test("through three authorities and a change of the leader no admission fails", async () => {
  const events: string[] = [];
  const expiries: (number | undefined)[] = [];
  const first = createKeeper("first", events, (servingMs) => expiries.push(servingMs));
  const second = createKeeper("second", events, (servingMs) => expiries.push(servingMs));
  first.start();
  const serve = ({ cert, key }: ServingCertificate): void => server.setSecureContext({ cert, key });
  const problems: unknown[] = [];
  const watch = await watchServingCertificate({
    client,
    secret: SECRET,
    onChange: serve,
    onProblem: (problem) => problems.push(problem),
    firstWithinMs: 20_000,
    next: "",
  });
  serve(watch.first);
  await eventually(() => admitOnce().catch(messageOf), undefined, 20_000);
  second.start();
  const failures: string[] = [];
  let admitted = 0;
  let isOver = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      try {
        await admitOnce();
        admitted += 1;
      } catch (error) {
        failures.push(messageOf(error));
      }
      await sleep(5);
    }
  });
  const authorities = new Set<string | undefined>();
  const look = async (): Promise<number> => {
    const secret = await findCertificateSecret(client, SECRET, signal);
    authorities.add(readCertificate(secret?.caPem)?.subject);
    return authorities.size;
  };
  await eventually(look, (count) => count >= 2, 30_000);
  await first.stop();
  await eventually(look, (count) => count >= 3, 40_000);
  const drops = () => events.filter((reason) => reason === "CertificateDropPreviousCa").length;
  await eventually(drops, (count) => count >= 2, 30_000);
  isOver = true;
  await Promise.all(load);
  await second.stop();
  await watch.stop();
  expect(failures).toEqual([]);
  expect(problems).toEqual([]);
  // Enough that some fall into every change; how many there are beyond that is the speed of the machine.
  expect(admitted).toBeGreaterThan(100);
  expect(events.filter((reason) => reason === "CertificateCreateAll")).toHaveLength(1);
  expect(events.filter((reason) => reason === "CertificateRotateCa").length).toBeGreaterThanOrEqual(2);
  expect(expiries.every((at) => at !== undefined && at > Date.now() - 60_000)).toBe(true);
}, 120_000);

test("a configuration that is applied anew gets its bundle back, and a Secret that was deleted its certificates", async () => {
  const keeper = createKeeper("third", []);
  await client.delete(KUBERNETES.Secret, NAMESPACE, SECRET.name);
  keeper.start();
  const bundles = async () =>
    (await findConfigurations(client, [CONFIGURATION], signal)).flatMap(({ webhooks }) =>
      webhooks.map((w) => w.bundle),
    );
  const hasCertificates = async () => {
    const secret = await findCertificateSecret(client, SECRET, signal);
    return (
      secret?.certPem !== undefined && (await bundles()).every((bundle) => bundle.includes(secret.caPem ?? "none"))
    );
  };
  await eventually(hasCertificates, true, 20_000);
  const emptied = { op: "replace", path: "/webhooks/0/clientConfig/caBundle", value: "" } as const;
  await client.patch(
    KUBERNETES.ValidatingWebhookConfiguration,
    undefined,
    CONFIGURATION.name,
    { kind: "json", operations: [emptied] },
    asIs,
  );
  await eventually(bundles, (all) => all.every((bundle) => bundle !== ""), 20_000);
  await keeper.stop();
});

test("what else the Secret holds stays, and its type is that of TLS Secrets", async () => {
  const object = await client.get(KUBERNETES.Secret, NAMESPACE, SECRET.name, asIs);
  expect(textAt(object, "type")).toBe("kubernetes.io/tls");
  const body = { data: { "of-another": Buffer.from("kept").toString("base64"), "tls.crt": "" } };
  await client.patch(KUBERNETES.Secret, NAMESPACE, SECRET.name, { kind: "merge", body }, asIs);
  const keeper = createKeeper("fourth", []);
  keeper.start();
  const find = () => findCertificateSecret(client, SECRET, signal);
  await eventually(find, (secret) => secret?.certPem !== undefined, 20_000);
  await keeper.stop();
  const after = await client.get(KUBERNETES.Secret, NAMESPACE, SECRET.name, asIs);
  expect(isJsonObject(after) && textAt(after, "data", "of-another")).toBe(Buffer.from("kept").toString("base64"));
});

test("S14: the authority's key is in a Secret of its own, also when an earlier version kept it beside what is served", async () => {
  const dataOf = async ({ name }: { readonly name: string }): Promise<Record<string, unknown>> => {
    const object = await client.get(KUBERNETES.Secret, NAMESPACE, name, asIs);
    const data = isJsonObject(object) ? object["data"] : undefined;
    return isJsonObject(data) ? { ...data } : {};
  };
  const authority = await dataOf(AUTHORITY);
  expect(Object.keys(authority).sort()).toEqual(["ca.crt", "ca.key"]);
  expect(Object.keys(await dataOf(SECRET))).not.toContain("ca.key");
  // As an earlier version left it.
  const body = { data: { "ca.key": authority["ca.key"] } };
  await client.patch(KUBERNETES.Secret, NAMESPACE, SECRET.name, { kind: "merge", body }, asIs);
  await client.delete(KUBERNETES.Secret, NAMESPACE, AUTHORITY.name);
  const events: string[] = [];
  const keeper = createKeeper("fifth", events);
  keeper.start();
  await eventually(async () => "ca.key" in (await dataOf(SECRET)), false, 20_000);
  expect(await dataOf(AUTHORITY)).toEqual(authority);
  expect(events).not.toContain("CertificateCreateAll");
  await client.delete(KUBERNETES.Secret, NAMESPACE, AUTHORITY.name);
  const find = () => findCertificateSecret(client, AUTHORITY, signal);
  const isMadeAnew = (key?: string) => key !== undefined && events.includes("CertificateCreateAll");
  await eventually(find, (found) => isMadeAnew(found?.caKeyPem), 30_000);
  await keeper.stop();
});

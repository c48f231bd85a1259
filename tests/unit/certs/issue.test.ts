import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, request } from "node:https";
import { beforeAll, describe, expect, test } from "vitest";
import { contentsAfter } from "../../../certs/act-certificates.ts";
import { findProblems } from "../../../certs/cert-manager-check.ts";
import { bundleOf, coversNames, isSignedBy, readPair, splitBundle } from "../../../certs/certificate-facts.ts";
import { DEFAULT_CERTIFICATE_SETTINGS, decideCertificates } from "../../../certs/decide-certificates.ts";
import { certificateView, wantedBundle } from "../../../certs/gather-certificates.ts";
import { type CertificatePair, issueCa, issueServing } from "../../../certs/issue.ts";
import type { SecretContents } from "../../../certs/secret.ts";
import type { WebhookConfiguration } from "../../../certs/webhook-configurations.ts";

const DAY_MS = 86_400_000;
const NAMES = ["stash-batch-webhook.stash-batch.svc", "127.0.0.1"];
const settings = DEFAULT_CERTIFICATE_SETTINGS;

let ca: CertificatePair;
let otherCa: CertificatePair;
let serving: CertificatePair;
const nowMs = Date.now();

beforeAll(async () => {
  const validity = { nowMs, lifetimeMs: 30 * DAY_MS };
  [ca, otherCa] = await Promise.all([issueCa(validity), issueCa(validity)]);
  serving = await issueServing(ca, NAMES, validity);
});

/** The answer's status of a real TLS call to a server with the serving certificate. */
async function call(bundle: string, servername: string): Promise<number | undefined> {
  const server = createServer({ cert: serving.certPem, key: serving.keyPem }, (_request, response) => response.end());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const address = server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const sent = request({
      host: "127.0.0.1",
      ...(port !== undefined && { port }),
      ca: bundle,
      servername,
      agent: false,
    });
    sent.end();
    const [response] = await once(sent, "response");
    response.resume();
    return response.statusCode;
  } finally {
    server.close();
  }
}

describe("issued certificates", () => {
  test("a client that trusts the authority, alone or beside another, calls by any of the names", async () => {
    expect(await call(ca.certPem, NAMES[0] ?? "")).toBe(200);
    expect(await call(bundleOf(otherCa.certPem, ca.certPem), NAMES[0] ?? "")).toBe(200);
  });

  test("a client that trusts another authority, or calls by another name, is refused", async () => {
    await expect(call(otherCa.certPem, NAMES[0] ?? "")).rejects.toThrow(/certificate/);
    await expect(call(ca.certPem, "elsewhere.example")).rejects.toThrow(/altnames/);
  });

  test("authorities have names of their own and sign no more than one step", () => {
    const [one, two] = [new X509Certificate(ca.certPem), new X509Certificate(otherCa.certPem)];
    expect(one.subject).not.toBe(two.subject);
    expect(one.ca).toBe(true);
    expect(new X509Certificate(serving.certPem).ca).toBe(false);
    expect(isSignedBy(new X509Certificate(serving.certPem), one)).toBe(true);
    expect(isSignedBy(new X509Certificate(serving.certPem), two)).toBe(false);
  });

  test("names are all or nothing", () => {
    const certificate = new X509Certificate(serving.certPem);
    expect(coversNames(certificate, NAMES)).toBe(true);
    expect(coversNames(certificate, [...NAMES, "::1"])).toBe(false);
  });

  test("a key that belongs to another certificate makes no pair", () => {
    expect(readPair(serving.certPem, serving.keyPem)).toBeDefined();
    expect(readPair(serving.certPem, ca.keyPem)).toBeUndefined();
    expect(readPair("no certificate", "no key")).toBeUndefined();
    expect(readPair(serving.certPem, undefined)).toBeUndefined();
  });

  test("a bundle holds each certificate once, whatever stands between them", () => {
    const bundle = bundleOf(`# ours\n${ca.certPem}`, otherCa.certPem, ca.certPem, undefined);
    expect(splitBundle(bundle)).toEqual([ca.certPem, otherCa.certPem]);
  });
});

function published(contents: SecretContents): readonly WebhookConfiguration[] {
  const bundle = wantedBundle(contents);
  return [
    {
      kind: "MutatingWebhookConfiguration",
      name: "stash-batch",
      resourceVersion: "1",
      webhooks: [
        { name: "a", path: "/webhooks/0/clientConfig/caBundle", calls: "stash-batch/stash-batch-webhook", bundle },
      ],
    },
  ];
}

test("from nothing through a rotation of the authority, each step leads to the next", async () => {
  const kinds: string[] = [];
  let contents: SecretContents | undefined;
  let atMs = nowMs;
  const run = async (): Promise<void> => {
    const configurations = contents === undefined ? [] : published(contents);
    const step = decideCertificates(certificateView(contents, configurations, NAMES), settings, atMs);
    kinds.push(step.kind);
    contents = (await contentsAfter(step, contents, { names: NAMES, settings, nowMs: atMs })) ?? contents;
  };
  const wait = (ms: number): void => {
    atMs += ms;
  };
  await run();
  const first = contents;
  await run();
  // The authority lasts 730 days; 120 days before its end it is replaced.
  for (let day = 0; day < 620; day += 10) {
    wait(10 * DAY_MS);
    await run();
  }
  expect(kinds.slice(0, 2)).toEqual(["CreateAll", "Keep"]);
  expect(kinds).toContain("RotateCa");
  const rotatedAt = kinds.indexOf("RotateCa");
  expect(kinds.slice(rotatedAt + 1, rotatedAt + 2)).toEqual(["IssueServing"]);
  wait(settings.previousCaGraceMs);
  await run();
  expect(kinds.at(-1)).toBe("DropPreviousCa");
  expect(contents?.caPem).not.toBe(first?.caPem);
  expect(contents?.previousCaPem).toBeUndefined();
  await run();
  expect(kinds.at(-1)).toBe("Keep");
}, 60_000);

describe("with cert-manager", () => {
  const good = (): SecretContents => ({
    certPem: serving.certPem,
    keyPem: serving.keyPem,
    caPem: ca.certPem,
    caKeyPem: undefined,
    previousCaPem: undefined,
  });

  test("a certificate that is trusted, valid and for the names is no problem", () => {
    expect(findProblems(good(), published(good()), NAMES, nowMs)).toEqual([]);
  });

  test("each fault is named", () => {
    expect(findProblems(undefined, [], NAMES, nowMs)).toEqual(["the Secret holds no usable certificate"]);
    const foreign = published({ ...good(), caPem: otherCa.certPem });
    const problems = findProblems(good(), foreign, [...NAMES, "other.svc"], nowMs + 29.5 * DAY_MS);
    expect(problems).toHaveLength(3);
    expect(problems.join()).toMatch(/not renewed.*not valid for.*MutatingWebhookConfiguration stash-batch/);
  });
});

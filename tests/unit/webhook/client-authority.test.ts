/** S10: who is let in, by real handshakes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CertificatePair, issueCa, issueServing } from "../../../certs/issue.ts";
import { watchClientAuthority } from "../../../webhook/client-authority.ts";
import { createMetrics } from "../../../webhook/metrics.ts";
import { parseReview } from "../../../webhook/review.ts";
import { createWebhookServer, type WebhookServer } from "../../../webhook/server.ts";
import { DEFAULT_TLS_OPTIONS, parseTlsOptions } from "../../../webhook/tls-options.ts";
import { issueClient, type KeyAndCertificate, loadCertificates } from "../../support/control-plane/certificates.ts";
import { eventually } from "../../support/eventually.ts";
import { statusOf } from "../../support/http/hostile-requests.ts";

const HOUR = { nowMs: Date.now(), lifetimeMs: 3_600_000 };
const API_SERVER = "kube-apiserver-client";
const ports = {
  mutate: () => ({ isAllowed: true }),
  validate: async (body: string) => {
    const review = parseReview(body);
    return "fault" in review ? review : { review, answer: { isAllowed: true } };
  },
  findUnready: async () => [],
  metrics: createMetrics(() => 0),
  log: { warn: () => {} },
};

let ca: KeyAndCertificate;
let otherCa: CertificatePair;
let serving: CertificatePair;
const servers: WebhookServer[] = [];

beforeAll(async () => {
  ({ ca } = await loadCertificates());
  otherCa = await issueCa(HOUR);
  serving = await issueServing(otherCa, ["localhost"], HOUR);
});
afterAll(() => Promise.all(servers.map((server) => server.close())));

async function start(
  options: Parameters<typeof createWebhookServer>[2],
): Promise<{ server: WebhookServer; port: number }> {
  const server = createWebhookServer(
    { cert: serving.certPem, key: serving.keyPem, ca: otherCa.certPem },
    ports,
    options,
  );
  servers.push(server);
  return { server, port: await server.listen("127.0.0.1", 0) };
}

const REVIEW = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "u" } });

interface Asked {
  readonly status: number | undefined;
  readonly session: Buffer | undefined;
}

/** One request on a connection of its own. */
function ask(port: number, path: string, how: ConnectionOptions = {}): Promise<Asked> {
  return new Promise((resolve) => {
    let session: Buffer | undefined;
    let received = "";
    const socket: TLSSocket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...how });
    const end = (): void => resolve({ status: statusOf(received), session });
    socket.on("secureConnect", () => {
      const body = path === "/mutate" || path === "/validate" ? REVIEW : "";
      const head = `${body === "" ? "GET" : "POST"} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json`;
      socket.write(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    });
    socket.on("session", (ticket: Buffer) => {
      session = ticket;
    });
    socket.on("data", (chunk) => {
      received += String(chunk);
    });
    socket.on("error", end);
    socket.on("close", end);
  });
}

const showing = ({ certPem, keyPem }: CertificatePair): ConnectionOptions => ({ cert: certPem, key: keyPem });
const client = (authority: KeyAndCertificate, user: string) => issueClient(authority, { user, groups: [] });

describe("with an authority of clients", () => {
  test("reviews are answered to its clients alone; probes and metrics to anyone", async () => {
    const { port } = await start({ clientAuthority: { pem: ca.certPem, names: [] } });
    const mine = showing(await client(ca, API_SERVER));
    for (const path of ["/mutate", "/validate"]) {
      expect((await ask(port, path)).status).toBe(403);
      expect((await ask(port, path, mine)).status).toBe(200);
    }
    for (const path of ["/healthz", "/readyz", "/metrics"]) expect((await ask(port, path)).status).toBe(200);
  });

  test("certificates of others, of servers, and without the wanted name are refused", async () => {
    const { port } = await start({ clientAuthority: { pem: ca.certPem, names: [API_SERVER] } });
    const asServer = await issueServing({ certPem: ca.certPem, keyPem: ca.keyPem }, [API_SERVER], HOUR);
    const past = { nowMs: Date.now() - 7_200_000, lifetimeMs: 3_600_000 };
    const expired = await issueServing({ certPem: ca.certPem, keyPem: ca.keyPem }, [API_SERVER], past);
    const strangers: [string, CertificatePair][] = [
      ["of another authority", await client(otherCa, API_SERVER)],
      ["of a server", asServer],
      ["that has expired", expired],
      ["of another user", await client(ca, "mallory")],
      ["of a user called alike", await client(ca, `${API_SERVER}-2`)],
    ];
    for (const [what, pair] of strangers) {
      for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
        const { status } = await ask(port, "/mutate", { ...showing(pair), maxVersion });
        expect([what, maxVersion, status]).toEqual([what, maxVersion, 403]);
      }
    }
    expect((await ask(port, "/mutate", showing(await client(ca, API_SERVER)))).status).toBe(200);
  });

  test("a resumed connection is who it was before, and nobody when it was nobody", async () => {
    const { port } = await start({ clientAuthority: { pem: ca.certPem, names: [API_SERVER] } });
    const mine = showing(await client(ca, API_SERVER));
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const stranger = await ask(port, "/healthz", { maxVersion });
      expect(stranger.session).toBeDefined();
      expect((await ask(port, "/mutate", { maxVersion, session: stranger.session })).status).toBe(403);
      const before = await ask(port, "/mutate", { ...mine, maxVersion });
      expect((await ask(port, "/mutate", { ...mine, maxVersion, session: before.session })).status).toBe(200);
    }
  });

  test("a new authority counts for new connections, and a new serving certificate changes nothing of it", async () => {
    const { port, server } = await start({ clientAuthority: { pem: ca.certPem, names: [] } });
    const mine = showing(await client(ca, API_SERVER));
    const others = showing(await client(otherCa, API_SERVER));
    server.setCertificate({ cert: serving.certPem, key: serving.keyPem, ca: otherCa.certPem });
    expect((await ask(port, "/mutate", mine)).status).toBe(200);
    expect((await ask(port, "/mutate")).status).toBe(403);
    server.setClientAuthority(otherCa.certPem);
    expect((await ask(port, "/mutate", mine)).status).toBe(403);
    expect((await ask(port, "/mutate", others)).status).toBe(200);
  });

  test("its file is read anew when it changes, and kept when it is spoilt", async () => {
    const folder = await mkdtemp(join(tmpdir(), "stash-batch-client-ca-"));
    const path = join(folder, "ca.crt");
    const changes: string[] = [];
    const problems: unknown[] = [];
    await expect(watchClientAuthority(path, { onChange: () => {}, onProblem: () => {} })).rejects.toThrow(
      "--client-ca",
    );
    await writeFile(path, ca.certPem);
    const watch = await watchClientAuthority(
      path,
      { onChange: (pem) => changes.push(pem), onProblem: (error) => problems.push(error) },
      20,
    );
    await writeFile(path, "spoilt");
    await eventually(
      () => problems.length,
      (count) => count > 0,
      10_000,
    );
    await writeFile(path, otherCa.certPem);
    await eventually(() => changes, [otherCa.certPem], 10_000);
    watch.stop();
    expect(watch.first).toBe(ca.certPem);
    await rm(folder, { recursive: true });
  });
});

describe("S14: suites and versions", () => {
  const reaches = async (port: number, how: ConnectionOptions) => (await ask(port, "/healthz", how)).status === 200;

  test("only suites with forward secrecy and authenticated encryption are served", async () => {
    const { port } = await start({ tls: DEFAULT_TLS_OPTIONS });
    const only = (ciphers: string) => reaches(port, { maxVersion: "TLSv1.2", ciphers });
    for (const suite of ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"]) {
      expect([suite, await only(suite)]).toEqual([suite, true]);
    }
    for (const suite of [
      "ECDHE-RSA-AES128-SHA",
      "ECDHE-RSA-AES256-SHA384",
      "AES128-GCM-SHA256",
      "AES256-SHA",
      "DHE-RSA-AES128-GCM-SHA256",
    ]) {
      expect([suite, await only(suite)]).toEqual([suite, false]);
    }
    expect(await reaches(port, { minVersion: "TLSv1.3" })).toBe(true);
    expect(await reaches(port, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "ALL@SECLEVEL=0" })).toBe(false);
  });

  test("both can be narrowed, also after the certificate was replaced", async () => {
    const tls = parseTlsOptions("VersionTLS12", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", []);
    const { port, server } = await start({ tls });
    server.setCertificate({ cert: serving.certPem, key: serving.keyPem, ca: otherCa.certPem });
    expect(await reaches(port, { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" })).toBe(false);
    expect(await reaches(port, { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES256-GCM-SHA384" })).toBe(true);
    const newest = await start({ tls: parseTlsOptions("VersionTLS13", undefined, []) });
    newest.server.setCertificate({ cert: serving.certPem, key: serving.keyPem, ca: otherCa.certPem });
    expect(await reaches(newest.port, { maxVersion: "TLSv1.2" })).toBe(false);
    expect(await reaches(newest.port, {})).toBe(true);
  });
});

/** The real HTTPS server on loopback, with everything that must not end in a 5xx, a crash or a wait. */
import { type Agent, Agent as HttpsAgent, request } from "node:https";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerMutation } from "../../../webhook/answer.ts";
import { createGather } from "../../../webhook/gather.ts";
import { createMetrics } from "../../../webhook/metrics.ts";
import { createReadiness } from "../../../webhook/readiness.ts";
import { parseReview } from "../../../webhook/review.ts";
import { createWebhookServer, type WebhookServer } from "../../../webhook/server.ts";
import { issueServer, type KeyAndCertificate, loadCertificates } from "../../support/control-plane/certificates.ts";
import { createMemoryWorld } from "../../support/injection/memory-world.ts";
import { aDeployment, SETTINGS } from "./builders.ts";

const NAME = "webhook.test";
let ca: KeyAndCertificate;
let server: WebhookServer;
let port: number;
let isSynced = true;
const decided: string[] = [];

const OBJECTS = [
  {
    apiVersion: "stash.appscode.com/v1alpha1",
    kind: "Repository",
    metadata: { name: "repo", namespace: "demo" },
    spec: { backend: { storageSecretName: "s", s3: { endpoint: "e", bucket: "b" } } },
  },
  {
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupConfiguration",
    metadata: { name: "b", namespace: "demo" },
    spec: {
      repository: { name: "repo" },
      retentionPolicy: { name: "k", keepLast: 1, prune: true },
      target: {
        ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
      },
    },
  },
];

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function allow(body: string) {
  const review = parseReview(body);
  return "fault" in review ? review : { review, answer: { isAllowed: true } };
}

async function issue() {
  const { certPem, keyPem } = await issueServer(ca, { user: "webhook", groups: [] }, [NAME], ["127.0.0.1"]);
  return { cert: certPem, key: keyPem, ca: ca.certPem };
}

beforeAll(async () => {
  ({ ca } = await loadCertificates());
  const metrics = createMetrics(() => 0);
  const gather = createGather({ world: createMemoryWorld(OBJECTS), settings: SETTINGS, isSynced: () => isSynced });
  const certificate = await issue();
  server = createWebhookServer(certificate, {
    mutate: (review) =>
      answerMutation(review, {
        gather: (workload, change) => {
          if (workload.annotations["explode"] !== undefined) throw new RangeError("Maximum call stack size exceeded");
          return gather(workload, change);
        },
        excludedNamespaces: ["kube-system"],
        countReasons: ({ backup }) => decided.push(backup),
        log: silent,
      }),
    validate: async (body) => allow(body),
    findUnready: createReadiness({
      whyUnsynced: () => (isSynced ? undefined : "the cluster's state is still being read"),
      isStopping: () => false,
      certificate: () => certificate,
      port: () => port,
      serverName: NAME,
    }),
    metrics,
    log: silent,
  });
  port = await server.listen("127.0.0.1", 0);
});

afterAll(() => server.close());

interface Reply {
  readonly status: number;
  readonly text: string;
}

function send(
  path: string,
  body?: string | Buffer,
  options: { readonly contentType?: string; readonly method?: string; readonly agent?: Agent } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: "127.0.0.1",
        port,
        path,
        ca: ca.certPem,
        servername: NAME,
        agent: options.agent ?? false,
        method: options.method ?? (body === undefined ? "GET" : "POST"),
        headers: body === undefined ? {} : { "content-type": options.contentType ?? "application/json" },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

function review(object: unknown, more: object = {}, apiVersion = "admission.k8s.io/v1"): string {
  const kind = { group: "apps", version: "v1", kind: "Deployment" };
  const request = { uid: "u-1", kind, operation: "CREATE", namespace: "demo", name: "web", object, ...more };
  return JSON.stringify({ apiVersion, kind: "AdmissionReview", request });
}

async function mutateReply(body: string) {
  const { status, text } = await send("/mutate", body);
  expect(status).toBe(200);
  const answer = JSON.parse(text);
  return { answer, response: answer.response };
}

describe("a review", () => {
  test("is answered in its own version with a patch and the reason", async () => {
    for (const version of ["admission.k8s.io/v1", "admission.k8s.io/v1beta1"]) {
      const { answer, response } = await mutateReply(review(aDeployment(), {}, version));
      expect(answer).toMatchObject({ apiVersion: version, kind: "AdmissionReview" });
      expect(response).toMatchObject({
        uid: "u-1",
        allowed: true,
        patchType: "JSONPatch",
        auditAnnotations: { backup: "Injected" },
      });
      const patch = JSON.parse(Buffer.from(response.patch, "base64").toString());
      expect(patch.map(({ path }: { path: string }) => path)).toContain("/spec/template/spec/containers/1");
    }
  });

  test("gets warnings in v1 only, which knows them", async () => {
    const labelled = aDeployment({ metadata: { name: "x", labels: { "stash.appscode.com/backup-batch": "none" } } });
    expect((await mutateReply(review(labelled))).response.warnings).toHaveLength(1);
    expect((await mutateReply(review(labelled, {}, "admission.k8s.io/v1beta1"))).response).not.toHaveProperty(
      "warnings",
    );
  });

  test("of a dry run is answered the same", async () => {
    const wet = await mutateReply(review(aDeployment()));
    const dry = await mutateReply(review(aDeployment(), { dryRun: true }));
    expect(dry.response.patch).toBe(wet.response.patch);
  });

  test.each([
    ["a subresource", { subResource: "scale" }, "Subresource"],
    ["a deletion", { operation: "DELETE", object: null }, "OtherKind"],
    [
      "another kind",
      { kind: { group: "", version: "v1", kind: "Pod" }, object: { kind: "Pod", apiVersion: "v1" } },
      "OtherKind",
    ],
    ["a workload without template", { object: { kind: "Deployment", apiVersion: "apps/v1", spec: {} } }, "OtherKind"],
    ["no object", { object: undefined }, "OtherKind"],
    ["a list as object", { object: [] }, "OtherKind"],
    [
      "a CronJob with a template",
      { object: { kind: "CronJob", apiVersion: "batch/v1", spec: { template: { spec: {} } } } },
      "OtherKind",
    ],
  ])("of %s is let through untouched", async (_name, more, reason) => {
    const { response } = await mutateReply(review(aDeployment(), more));
    expect(response).toMatchObject({ allowed: true, auditAnnotations: { backup: reason } });
    expect(response).not.toHaveProperty("patch");
  });

  test("of an excluded namespace is let through", async () => {
    const { response } = await mutateReply(review(aDeployment(), { namespace: "kube-system" }));
    expect(response).toEqual({ uid: "u-1", allowed: true });
  });

  test("that can't be decided is let through with a warning, and refused for a workload that asked by label", async () => {
    const exploding = (labels: Record<string, string>) =>
      aDeployment({ metadata: { labels, annotations: { explode: "1" } } });
    const quiet = await mutateReply(review(exploding({})));
    expect(quiet.response).toMatchObject({ allowed: true, warnings: [expect.stringContaining("no decision")] });
    const asked = await mutateReply(review(exploding({ "stash.appscode.com/backup-batch": "b" })));
    expect(asked.response).toMatchObject({ allowed: false, status: { message: expect.stringContaining("next:") } });
  });
});

describe("a body", () => {
  test.each([
    ["broken JSON", "{", 400],
    ["nothing", "", 400],
    ["a list", "[]", 400],
    ["null", "null", 400],
    ["another kind", JSON.stringify({ apiVersion: "v1", kind: "Pod" }), 400],
    [
      "an unknown version",
      JSON.stringify({ apiVersion: "admission.k8s.io/v9", kind: "AdmissionReview", request: { uid: "1" } }),
      400,
    ],
    ["a review without request", JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" }), 400],
    ["a review without uid", review(aDeployment(), { uid: undefined }), 400],
    ["half a character", Buffer.from([0x22, 0xc3, 0x28, 0x22]), 400],
    ["more than 7 MiB", `"${"x".repeat(7 * 1024 * 1024)}"`, 413],
  ])("of %s is answered by its fault", async (_name, body, status) => {
    const reply = await send("/mutate", body);
    expect(reply.status).toBe(status);
    expect(reply.text.length).toBeGreaterThan(5);
  });

  test("of another content type is refused", async () => {
    expect((await send("/mutate", review(aDeployment()), { contentType: "text/yaml" })).status).toBe(415);
  });

  test("nested without end is answered", async () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const body = review(aDeployment({ podSpec: { future: "DEEP" } })).replace('"DEEP"', deep);
    const { response } = await mutateReply(body);
    expect(response).toMatchObject({ allowed: true, auditAnnotations: { backup: "Injected" } });
    const update = review(aDeployment({ podSpec: { future: "DEEP" } }), {
      operation: "UPDATE",
      oldObject: aDeployment({ podSpec: { future: "DEEP" } }),
    }).replaceAll('"DEEP"', deep);
    expect((await mutateReply(update)).response.allowed).toBe(true);
  });

  test("with fields named like what every object has poisons nothing", async () => {
    const body = review(aDeployment()).replace(
      '"nginx:1.25"',
      '"nginx:1.25","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}',
    );
    const { response } = await mutateReply(body);
    expect(response.auditAnnotations).toEqual({ backup: "Injected" });
    expect(Reflect.get({}, "polluted")).toBeUndefined();
    const labels = review(aDeployment()).replace('"labels":{"app":"web"}', '"labels":{"__proto__":"x","app":"web"}');
    expect((await mutateReply(labels)).response.allowed).toBe(true);
  });

  test("with a field twice counts the last one, as the API server does", async () => {
    const body = review(aDeployment()).replace('"uid":"u-1"', '"uid":"first","uid":"u-1"');
    expect((await mutateReply(body)).response.uid).toBe("u-1");
  });

  test("with 10,000 containers is answered with one more", async () => {
    const containers = Array.from({ length: 10_000 }, (_, index) => ({ name: `c${index}`, image: "i" }));
    const { response } = await mutateReply(review(aDeployment({ podSpec: { containers } })));
    const patch = JSON.parse(Buffer.from(response.patch, "base64").toString());
    expect(patch).toContainEqual(expect.objectContaining({ op: "add", path: "/spec/template/spec/containers/10000" }));
  });

  test("with an object of 3 MiB, twice, is answered", async () => {
    const big = aDeployment({ metadata: { annotations: { big: "x".repeat(3 * 1024 * 1024) } } });
    const { response } = await mutateReply(review(big, { operation: "UPDATE", oldObject: big }));
    expect(response.auditAnnotations.backup).toBe("Injected");
  });
});

describe("the server", () => {
  test("says what it can't do without a 5xx", async () => {
    expect((await send("/nothing")).status).toBe(404);
    expect((await send("/mutate", undefined, { method: "GET" })).status).toBe(404);
    expect((await send("/mutate", "x", { method: "PUT" })).status).toBe(404);
  });

  test("tells whether it lives, whether it can decide, and what it counted", async () => {
    expect(await send("/healthz")).toEqual({ status: 200, text: "ok\n" });
    expect(await send("/readyz")).toEqual({ status: 200, text: "ok\n" });
    isSynced = false;
    const unready = await send("/readyz");
    isSynced = true;
    expect(unready).toEqual({ status: 503, text: "the cluster's state is still being read\n" });
    expect((await send("/metrics")).text).toContain("stash_batch_webhook_review_duration_seconds_bucket");
    expect(decided).toContain("Injected");
  });

  test("takes a new certificate while a connection stays open", async () => {
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1 });
    expect((await send("/healthz", undefined, { agent })).status).toBe(200);
    const before = await servedSerial();
    server.setCertificate(await issue());
    expect((await send("/healthz", undefined, { agent })).status).toBe(200);
    expect(await servedSerial()).not.toBe(before);
    agent.destroy();
  });

  test("answers others while one client sends half a body", async () => {
    const slow = connect({ host: "127.0.0.1", port, ca: ca.certPem, servername: NAME });
    slow.write("POST /mutate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{");
    expect((await mutateReply(review(aDeployment()))).response.allowed).toBe(true);
    slow.destroy();
  });
});

function servedSerial(): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, ca: ca.certPem, servername: NAME }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.end();
    });
    socket.on("error", reject);
  });
}

describe("closing", () => {
  /** A server of its own, and a connection to it on which nothing was asked yet. */
  async function connected() {
    const metrics = createMetrics(() => 0);
    const own = createWebhookServer(await issue(), {
      mutate: () => ({ isAllowed: true }),
      validate: (body) => new Promise((answer) => setTimeout(() => answer(allow(body)), 300)),
      findUnready: async () => [],
      metrics,
      log: silent,
    });
    const ownPort = await own.listen("127.0.0.1", 0);
    const socket = connect({ host: "127.0.0.1", port: ownPort, servername: NAME, ca: ca.certPem });
    const ended = new Promise<void>((done) => socket.once("close", () => done()));
    let received = "";
    socket.on("data", (chunk) => {
      received += String(chunk);
    });
    socket.on("error", () => {});
    await new Promise<void>((done) => socket.once("secureConnect", () => done()));
    return { own, socket, ended, received: () => received };
  }

  test("does not wait for a connection that an API server opened ahead and never used", async () => {
    const { own, ended } = await connected();
    const startedAt = performance.now();
    await own.close();
    await ended;
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("answers what is under way, then ends that connection too", async () => {
    const { own, socket, ended, received } = await connected();
    const body = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: { uid: "u" } });
    const head = `POST /validate HTTP/1.1\r\nhost: ${NAME}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(head + body);
    await new Promise((done) => setTimeout(done, 100));
    await own.close();
    await ended;
    expect(received()).toMatch(/^HTTP\/1\.1 200 /);
    expect(received()).toContain('"allowed":true');
  });
});

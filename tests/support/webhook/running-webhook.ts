/** The real webhook in this process, called by a real API server over TLS on loopback. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { createLogger } from "../../../shared/log.ts";
import { parseWebhookArgs } from "../../../webhook/config.ts";
import { buildMutatingConfiguration, buildValidatingConfiguration } from "../../../webhook/configuration.ts";
import { startWebhook } from "../../../webhook/main.ts";
import { issueServer, type KeyAndCertificate } from "../control-plane/certificates.ts";
import { eventually } from "../eventually.ts";
import { KUBERNETES } from "../objects/resources.ts";

export const TEST_IMAGE = "registry.test/stash-batch:1.0.0";
const SERVER_NAME = "webhook.test";

export interface TestWebhook {
  readonly port: number;
  /** Of the Snapshot API, where its flag is among the flags. */
  readonly snapshotPort: number | undefined;
  readonly url: string;
  readonly tlsDir: string;
  stop(): Promise<void>;
}

/** Makes a folder with a serving certificate for loopback. */
export async function makeTlsFolder(ca: KeyAndCertificate, serverName = SERVER_NAME): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "stash-batch-webhook-"));
  await writeServingCertificate(dir, ca, serverName);
  return dir;
}

/** Replaces the certificate in the folder; the key first, so that a half-written pair is seen for what it is. */
export async function writeServingCertificate(
  dir: string,
  ca: KeyAndCertificate,
  serverName = SERVER_NAME,
): Promise<void> {
  const serving = await issueServer(ca, { user: "webhook", groups: [] }, [serverName], ["127.0.0.1"]);
  await writeFile(join(dir, "tls.key"), serving.keyPem);
  await writeFile(join(dir, "tls.crt"), serving.certPem);
  await writeFile(join(dir, "ca.crt"), ca.certPem);
}

/** Starts the webhook and waits until it has read the cluster. */
export async function startTestWebhook(options: {
  readonly kubeconfigPath: string;
  readonly ca: KeyAndCertificate;
  readonly port?: number;
  /** In its certificate. */
  readonly serverName?: string;
  readonly flags?: readonly string[];
}): Promise<TestWebhook> {
  const { serverName = SERVER_NAME } = options;
  const tlsDir = await makeTlsFolder(options.ca, serverName);
  const config = parseWebhookArgs(
    [
      `--image=${TEST_IMAGE}`,
      `--tls-dir=${tlsDir}`,
      `--listen=127.0.0.1:${options.port ?? 0}`,
      `--server-name=${serverName}`,
      `--kubeconfig=${options.kubeconfigPath}`,
      ...(options.flags ?? []),
    ],
    process.env,
  );
  if (config === "help") throw new Error("no configuration");
  const log = createLogger("webhook", process.env["STASH_BATCH_TEST_LOGS"] === undefined ? "error" : "debug");
  const webhook = await startWebhook(config, process.env, { log, onFail: () => {} });
  const url = `https://127.0.0.1:${webhook.port}`;
  await waitUntilReady(url);
  return {
    port: webhook.port,
    snapshotPort: webhook.snapshotPort,
    url,
    tlsDir,
    stop: async () => {
      await webhook.stop();
      await rm(tlsDir, { recursive: true, force: true });
    },
  };
}

/** Asks `/readyz` again and again. @throws Error with its last words after ten seconds */
export async function waitUntilReady(url: string): Promise<void> {
  const { request } = await import("node:https");
  const faultOf = () =>
    new Promise<string>((resolve) => {
      const call = request(`${url}/readyz`, { rejectUnauthorized: false, agent: false }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on("end", () => resolve(response.statusCode === 200 ? "" : text));
      });
      call.on("error", (error) => resolve(error.message));
      call.end();
    });
  await eventually(faultOf, "", 10_000);
}

/** The API server reads its webhook configurations about once a second, and tells nobody when it has. */
export const untilNoticed = () => sleep(1_500);

/** Registers the webhook as an installation does, at an address outside the cluster. @returns takes it away again */
export async function registerWebhook(
  client: KubeClient,
  url: string,
  caPem: string,
  options: { readonly validates?: boolean } = {},
): Promise<() => Promise<void>> {
  const address = { kind: "url", url } as const;
  const mutating = buildMutatingConfiguration({ address, caBundle: caPem });
  const validating = buildValidatingConfiguration({ address, caBundle: caPem });
  const apply = (body: typeof mutating | typeof validating) =>
    client.patch(resourceFor(body.kind), undefined, body.metadata.name, { kind: "apply", body, force: true }, asIs, {
      fieldManager: "stash-batch-tests",
    });
  await apply(mutating);
  if (options.validates === true) await apply(validating);
  return async () => {
    for (const { kind, metadata } of [mutating, validating]) {
      await client.delete(resourceFor(kind), undefined, metadata.name);
    }
  };
}

function resourceFor(kind: string) {
  return kind === "MutatingWebhookConfiguration"
    ? KUBERNETES.MutatingWebhookConfiguration
    : KUBERNETES.ValidatingWebhookConfiguration;
}

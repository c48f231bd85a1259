/**
 * The product beside a real control plane: webhook and reconciler as processes of their own, from their bundles, each with
 * the rights of its own ServiceAccount and no more.
 */
import { createReadStream, existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { join, resolve } from "node:path";
import { issueCa, issueServing } from "../../../certs/issue.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import { buildMutatingConfiguration, buildValidatingConfiguration } from "../../../webhook/configuration.ts";
import { findFreePorts } from "../control-plane/free-ports.ts";
import { superviseProcesses } from "../control-plane/supervised-processes.ts";
import { eventually } from "../eventually.ts";
import { applyFile } from "../objects/apply.ts";
import { KUBERNETES } from "../objects/resources.ts";
import { serviceAccountIdentity } from "./identity.ts";

const root = resolve(import.meta.dirname, "../../..");
const DAY_MS = 86_400_000;
const START_TIMEOUT_MS = 120_000;

/** The image that the webhook injects; nodes of test clusters have it. */
export const PRODUCT_IMAGE = "stash-batch/stash-batch:test";

export type Program = "webhook" | "reconciler";

export interface RunningProduct {
  /** Kills a program; SIGKILL by default. */
  kill(program: Program, signal?: NodeJS.Signals): Promise<void>;
  /** Starts a killed program again, with the same flags. */
  start(program: Program): Promise<void>;
  /** Everything that a program logged so far. */
  log(program: Program): Promise<string>;
  /** Ends both and unregisters the webhook. */
  stop(): Promise<void>;
}

export interface ProductOptions {
  /** With every right: it installs the manifests. */
  readonly client: KubeClient;
  /** Makes a kubeconfig for a user, as ControlPlane does. */
  readonly kubeconfigFor: (user: string, groups: readonly string[]) => Promise<string>;
  /** Folder of the bundles. */
  readonly distFolder: string;
  /** Folder for logs and certificates; must not exist yet. */
  readonly dir: string;
  readonly webhookFlags?: readonly string[];
  readonly reconcilerFlags?: readonly string[];
}

/** Installs rights and webhook configurations, starts both programs, and resolves when both are ready. */
export async function startProduct(options: ProductOptions): Promise<RunningProduct> {
  const { client, dir, distFolder } = options;
  for (const file of ["namespace.yaml", "rbac-reconciler.yaml", "rbac-webhook.yaml"]) {
    await applyFile(client, join(root, "manifests/base", file));
  }
  if (options.reconcilerFlags?.includes("--snapshot-deletions")) {
    await applyFile(client, join(root, "manifests/overlays/snapshot-api/rights.yaml"));
  }
  const processes = await superviseProcesses(dir, (name, how) => {
    process.stderr.write(`the ${name} ended by itself: ${how}\n`);
  });
  const [webhookPort = 0, webhookMetricsPort = 0] = await findFreePorts(2);
  const tlsDir = join(dir, "tls");
  const caPem = await writeCertificates(tlsDir);
  const kubeconfigs = {
    webhook: await kubeconfigOf(options, "stash-batch-webhook"),
    reconciler: await kubeconfigOf(options, "stash-batch-reconciler"),
  };
  const commands: Readonly<Record<Program, readonly string[]>> = {
    webhook: [
      "webhook",
      `--image=${PRODUCT_IMAGE}`,
      `--tls-dir=${tlsDir}`,
      `--listen=127.0.0.1:${webhookPort}`,
      "--server-name=localhost",
      `--trusted-user=${serviceAccountIdentity("stash-batch-reconciler").user}`,
      `--kubeconfig=${kubeconfigs.webhook}`,
      ...(options.webhookFlags ?? []),
    ],
    reconciler: [
      "reconciler",
      `--image=${PRODUCT_IMAGE}`,
      `--kubeconfig=${kubeconfigs.reconciler}`,
      `--listen=127.0.0.1:${webhookMetricsPort}`,
      ...(options.reconcilerFlags ?? []),
    ],
  };
  const readyUrls: Readonly<Record<Program, string>> = {
    webhook: `https://127.0.0.1:${webhookPort}/readyz`,
    reconciler: `http://127.0.0.1:${webhookMetricsPort}/readyz`,
  };
  const logPath = (program: Program) => join(dir, `${program}.log`);

  async function start(program: Program): Promise<void> {
    await processes.start(program, {
      program: resolve(root, "node_modules/node/bin/node"),
      args: [join(distFolder, "stash-batch.mjs"), ...commands[program]],
      logPath: logPath(program),
    });
    const isReady = async () => {
      const end = processes.endOf(program);
      if (end !== undefined) throw new Error(`the ${program} ended: ${end}\n${await readLog(logPath(program))}`);
      return isOk(readyUrls[program]);
    };
    await eventually(isReady, true, START_TIMEOUT_MS);
  }

  try {
    await Promise.all([start("webhook"), start("reconciler")]);
  } catch (error) {
    await processes.finish();
    throw error;
  }
  const unregister = await registerWebhook(client, `https://127.0.0.1:${webhookPort}`, caPem);
  return {
    start,
    kill: (program, signal = "SIGKILL") => processes.kill(program, signal),
    log: (program) => readLog(logPath(program)),
    async stop() {
      await unregister().catch(() => undefined);
      await processes.finish();
    },
  };
}

async function kubeconfigOf(options: ProductOptions, account: string): Promise<string> {
  const { user, groups } = serviceAccountIdentity(account);
  return options.kubeconfigFor(user, groups);
}

async function writeCertificates(tlsDir: string): Promise<string> {
  await mkdir(tlsDir, { recursive: true });
  const validity = { nowMs: Date.now(), lifetimeMs: DAY_MS };
  const ca = await issueCa(validity);
  const serving = await issueServing(ca, ["localhost", "127.0.0.1"], validity);
  await writeFile(join(tlsDir, "tls.key"), serving.keyPem, { mode: 0o600 });
  await writeFile(join(tlsDir, "tls.crt"), serving.certPem);
  await writeFile(join(tlsDir, "ca.crt"), ca.certPem);
  return ca.certPem;
}

/** Puts both webhook configurations in force; the returned function takes them away. */
async function registerWebhook(client: KubeClient, url: string, caBundle: string): Promise<() => Promise<void>> {
  const address = { kind: "url", url } as const;
  const configurations = [
    { resource: KUBERNETES.MutatingWebhookConfiguration, body: buildMutatingConfiguration({ address, caBundle }) },
    { resource: KUBERNETES.ValidatingWebhookConfiguration, body: buildValidatingConfiguration({ address, caBundle }) },
  ];
  for (const { resource, body } of configurations) {
    await client.patch(resource, undefined, body.metadata.name, { kind: "apply", body, force: true }, asIs);
  }
  return async () => {
    for (const { resource, body } of configurations) await client.delete(resource, undefined, body.metadata.name);
  };
}

async function readLog(path: string): Promise<string> {
  if (!existsSync(path)) return "";
  const chunks: string[] = [];
  for await (const chunk of createReadStream(path, "utf8")) chunks.push(String(chunk));
  return chunks.join("");
}

/** Whether the URL answers 200. The certificate is our own of a moment ago, so it isn't looked at. */
async function isOk(url: string): Promise<boolean> {
  if (url.startsWith("http:")) return (await fetch(url).catch(() => undefined))?.ok ?? false;
  return new Promise((done) => {
    const call = request(url, { rejectUnauthorized: false, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      done(response.statusCode === 200);
    });
    call.on("error", () => done(false));
    call.end();
  });
}

/** The webhook program: builds what is real, and ends in order. */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../shared/clock.ts";
import { watchDefinitions } from "../shared/definitions/watch.ts";
import type { Environment } from "../shared/environment.ts";
import { formatUserError, messageOf, UserError } from "../shared/errors.ts";
import { supportsNative } from "../shared/injection/own-settings.ts";
import type { InformerProblem } from "../shared/kube/cache/informer.ts";
import { askVersion } from "../shared/kube/client/ask-version.ts";
import { createKubeClient } from "../shared/kube/client/http.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { withOwnImage } from "../shared/kube/own-image.ts";
import { createLogger, type Logger } from "../shared/log.ts";
import { answerMutation } from "./answer.ts";
import { startCertificates } from "./certificates.ts";
import { watchClientAuthority } from "./client-authority.ts";
import { parseWebhookArgs, WEBHOOK_USAGE, type WebhookConfig } from "./config.ts";
import { createGather } from "./gather.ts";
import { createMetrics } from "./metrics.ts";
import { createReadiness } from "./readiness.ts";
import { createWebhookServer, type ServerPorts } from "./server.ts";
import { startSnapshotApi } from "./snapshots/start.ts";
import { createUnconcerned } from "./unconcerned.ts";
import { answerValidation } from "./validate/answer-validation.ts";
import { createInspector } from "./validate/inspector.ts";
import { createWorld } from "./world.ts";

/**
 * Runs the webhook until SIGTERM or SIGINT.
 *
 * @returns exit code: 0 after a signal, 1 when it can't go on, 2 for wrong flags
 */
export async function runWebhook(args: readonly string[], env: Environment): Promise<number> {
  let log: Logger | undefined;
  try {
    const config = parseWebhookArgs(args, env);
    if (config === "help") {
      console.log(WEBHOOK_USAGE);
      return 0;
    }
    log = createLogger("webhook", config.logLevel);
    const ending = Promise.withResolvers<number>();
    const webhook = await startWebhook(config, env, { log, onFail: () => ending.resolve(1) });
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ending.resolve(0));
    log.info({ port: webhook.port }, "webhook listens");
    const exitCode = await ending.promise;
    if (exitCode === 0) await webhook.drain(config.drainMs);
    await webhook.stop();
    log.info({ exitCode }, "webhook ended");
    return exitCode;
  } catch (error) {
    const message = error instanceof UserError ? formatUserError(error) : messageOf(error);
    if (log === undefined) console.error(`${message}\n\n${WEBHOOK_USAGE}`);
    else log.error({ err: error }, "webhook can't start");
    return error instanceof UserError && error.code === "CONFIGURATION_INVALID" ? 2 : 1;
  }
}

export interface RunningWebhook {
  readonly port: number;
  /** Of the Snapshot API, where it is served. */
  readonly snapshotPort: number | undefined;
  /** Says that it is not ready, and goes on answering while the Service forgets it. */
  drain(ms: number): Promise<void>;
  stop(): Promise<void>;
}

export interface WebhookPorts {
  readonly log: Logger;
  /** What is known of the cluster is too old to be trusted. */
  readonly onFail: () => void;
}

/**
 * Starts the webhook. It listens at once and says by `/readyz` when it can decide.
 *
 * @throws UserError CONFIGURATION_INVALID when certificate or connection can't be used
 */
export async function startWebhook(
  config: WebhookConfig,
  env: Environment,
  { log, onFail }: WebhookPorts,
): Promise<RunningWebhook> {
  const { kubeconfigPath, excludedNamespaces } = config;
  const connection = await findConnection({ env, ...(kubeconfigPath !== undefined && { kubeconfigPath }) });
  const client = createKubeClient({ connection, program: "webhook" });
  const definitions = watchDefinitions({ client, clock: systemClock, log });
  const settings = await withOwnImage(config.settings, "webhook", client, env);
  const world = createWorld({
    client,
    onProblem: (problem) => {
      metrics.countInformerProblem(problem.kind);
      logProblem(log, problem);
    },
    onFail: (ageMs) => {
      log.error({ ageMs }, "the API server has been silent for too long");
      onFail();
    },
  });
  const metrics = createMetrics(() => world.ageMs());
  let gather = createGather({ world, settings, isSynced: () => false });
  const ending = new AbortController();
  let isVersionKnown = false;
  const isSynced = () => isVersionKnown && world.isSynced();
  void askVersion(client, { signal: ending.signal, log }).then((version) => {
    if (version === undefined) return;
    const known = { ...settings, supportsNative: supportsNative(version) };
    gather = createGather({ world, settings: known, isSynced });
    isVersionKnown = true;
  });
  const certificates = await startCertificates(config.certificates, {
    client,
    log,
    metrics,
    serverName: config.serverName,
    hasSnapshotApi: config.snapshotApi !== undefined,
    onChange: (certificate) => {
      current = certificate;
      server.setCertificate(certificate);
      snapshots?.setCertificate(certificate);
      log.info({}, "serving certificate replaced");
    },
  });
  const { clientCaPath, clientNames, tls } = config;
  const authority =
    clientCaPath === undefined
      ? undefined
      : await watchClientAuthority(clientCaPath, {
          onChange: (pem) => {
            server.setClientAuthority(pem);
            log.info({}, "authority of clients replaced");
          },
          onProblem: (error) => log.warn({ error: messageOf(error) }, "new authority of clients can't be used"),
        });
  const inspector = createInspector({ log });
  let current = certificates.first;
  let port = config.port;
  let isStopping = false;
  let snapshots: Awaited<ReturnType<typeof startSnapshotApi>> | undefined;
  const ports: ServerPorts = {
    passUnconcerned: createUnconcerned({
      world,
      isSynced,
      excludedNamespaces,
      countReasons: metrics.countReasons,
      log,
    }),
    mutate: (review) => answerMutation(review, { gather, excludedNamespaces, countReasons: metrics.countReasons, log }),
    validate: (body) => answerValidation(body, { inspector, client, ...config }),
    findUnready: createReadiness({
      whyUnsynced: () =>
        isSynced() ? undefined : (definitions.whyWrong() ?? "the cluster's state is still being read"),
      isStopping: () => isStopping,
      certificate: () => current,
      port: () => port,
      serverName: config.serverName,
    }),
    metrics,
    log,
  };
  const clientAuthority = authority && { pem: authority.first, names: clientNames };
  const server = createWebhookServer(certificates.first, ports, { tls, clientAuthority });
  definitions.start();
  world.start();
  port = await server.listen(config.host, config.port);
  const { snapshotApi, namespace } = config;
  snapshots =
    snapshotApi && (await startSnapshotApi({ listen: snapshotApi, namespace, tls, certificate: current, client, log }));
  return {
    port,
    snapshotPort: snapshots?.port,
    drain: async (ms) => {
      isStopping = true;
      await sleep(ms);
    },
    stop: async () => {
      ending.abort();
      definitions.stop();
      authority?.stop();
      await certificates.stop();
      await snapshots?.stop();
      await server.close();
      await inspector.stop();
      await world.stop();
      client.close();
    },
  };
}

function logProblem(log: Logger, problem: InformerProblem): void {
  const { resource } = problem;
  if (problem.kind === "Stale") log.warn({ resource, ageMs: problem.ageMs }, "no news from the API server");
  else if (problem.kind === "Fault") log.warn({ resource, err: problem.error }, "watch broke, trying again");
  else log.warn({ resource, key: problem.key, err: problem.error }, "object can't be used");
}

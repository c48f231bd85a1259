/** The reconciler's process: reads its flags, fills its caches, and acts while it leads. */
import { randomUUID } from "node:crypto";
import { Registry } from "prom-client";
import { systemClock } from "../shared/clock.ts";
import { LeaseName, Path } from "../shared/contract.ts";
import { watchDefinitions } from "../shared/definitions/watch.ts";
import type { Environment } from "../shared/environment.ts";
import { messageOf, UserError } from "../shared/errors.ts";
import { supportsNative } from "../shared/injection/own-settings.ts";
import type { InformerProblem } from "../shared/kube/cache/informer.ts";
import { askVersion } from "../shared/kube/client/ask-version.ts";
import { createKubeClient } from "../shared/kube/client/http.ts";
import type { Connection } from "../shared/kube/connection/credentials.ts";
import { findConnection } from "../shared/kube/connection/find.ts";
import { LeaderElection } from "../shared/kube/election/lease.ts";
import { createEventRecorder } from "../shared/kube/events/recorder.ts";
import { createPodExec } from "../shared/kube/exec/pod.ts";
import { withOwnImage } from "../shared/kube/own-image.ts";
import { createLogger, type Logger } from "../shared/log.ts";
import { readProductVersion } from "../shared/product-version.ts";
import { parseReconcilerArgs, RECONCILER_USAGE, type ReconcilerConfig } from "./config.ts";
import { createControllers, type Ports } from "./controllers.ts";
import { tellContainers } from "./hooks/known-containers.ts";
import { runHookJob } from "./hooks/run-job.ts";
import { HookRunner } from "./hooks/runner.ts";
import { resolveAppPlace } from "./hooks/service-place.ts";
import { Leadership } from "./leadership.ts";
import { createDeletions } from "./maintenance/deletions.ts";
import { registerMetrics } from "./metrics/collect.ts";
import { registerLateness, registerProcessMetrics } from "./metrics/process.ts";
import { registerQueueMetrics } from "./metrics/queues.ts";
import { startStatusServer } from "./status-server.ts";
import { createEvidenceSource } from "./verification/evidence.ts";
import { createWorld, informersOf } from "./world/informers.ts";

export const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the reconciler until SIGTERM, SIGINT or a fault that only a new process can mend.
 *
 * @param argv arguments after the command's name
 * @returns exit code: 0 after a signal, 2 for wrong flags, 1 for everything else
 */
export async function runReconciler(argv: readonly string[], env: Environment): Promise<number> {
  let config: ReconcilerConfig | "help";
  try {
    config = parseReconcilerArgs(argv, env, randomUUID());
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${RECONCILER_USAGE}\n`);
    return EXIT_USAGE;
  }
  if (config === "help") {
    process.stdout.write(`${RECONCILER_USAGE}\n`);
    return EXIT_OK;
  }
  const log = createLogger("reconciler", config.logLevel);
  try {
    const { kubeconfigPath } = config;
    const connection = await findConnection({ env, ...(kubeconfigPath !== undefined && { kubeconfigPath }) });
    return await run(config, env, connection, log);
  } catch (error) {
    const next = error instanceof UserError ? error.next : undefined;
    log.error({ error: messageOf(error), next }, "reconciler failed");
    return EXIT_FAILED;
  }
}

/** Resolves with what ends the process. */
function untilStopped(): { readonly stopped: Promise<number>; readonly end: (code: number) => void } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const onSignal = (): void => resolve(EXIT_OK);
  process.once("SIGTERM", onSignal);
  process.once("SIGINT", onSignal);
  const stopped = promise.finally(() => {
    process.removeListener("SIGTERM", onSignal);
    process.removeListener("SIGINT", onSignal);
  });
  return { stopped, end: resolve };
}

async function run(flags: ReconcilerConfig, env: Environment, connection: Connection, log: Logger): Promise<number> {
  const { stopped, end } = untilStopped();
  const client = createKubeClient({ connection, program: "reconciler" });
  const definitions = watchDefinitions({
    client,
    clock: systemClock,
    log,
    onForgetful() {
      log.error({}, "work ends until the definitions are applied");
      end(EXIT_FAILED);
    },
  });
  const config = { ...flags, settings: await withOwnImage(flags.settings, "reconciler", client, env) };
  const onFail = (ageMs: number): void => {
    log.error({ ageMs }, "no contact with the API server; a new process is to try");
    end(EXIT_FAILED);
  };
  const onProblem = (problem: InformerProblem): void => logProblem(log, problem);
  const world = createWorld({ client, namespace: config.watchNamespace, onProblem, onFail });
  const events = createEventRecorder({
    client,
    source: { component: "stash-batch-reconciler" },
    onDropped: (subject, reason, error) =>
      log.warn({ object: subject.name, reason, error: messageOf(error) }, "event dropped"),
  });
  const hooks = new HookRunner({
    exec: createPodExec({ connection }),
    clock: systemClock,
    log,
    resolvePlace: (place, signal) => resolveAppPlace(client, place, signal),
    explain: (place, error, signal) => tellContainers(client, place, error, signal),
    async runGlobal(run, signal) {
      if (run.owner === undefined) throw new UserError("INTERNAL", "a global hook without its run");
      return runHookJob({ client, settings: config.settings, log }, run.owner, run, signal);
    },
  });
  const registry = new Registry();
  const queues = registerQueueMetrics(registry);
  const onLate = registerLateness(registry);
  const deletions = config.deletesSnapshots
    ? createDeletions({
        client,
        namespace: config.leaseNamespace,
        ofNamespace: config.watchNamespace,
        onProblem,
        onFail,
      })
    : undefined;
  const evidence = createEvidenceSource(await readProductVersion(), Path.EvidenceKey);
  const ports: Ports = {
    config,
    client,
    world,
    deletions,
    events,
    hooks,
    clock: systemClock,
    log,
    registry,
    queues,
    onLate,
    evidence,
  };
  let { settings } = config;
  const leadership = new Leadership(() => createControllers({ ...ports, config: { ...config, settings } }), log, end);
  registerMetrics({ registry, world, clock: systemClock });
  registerProcessMetrics({ registry, world, isLeader: () => leadership.isLeading, definitions });
  const informers = [...informersOf(world), ...(deletions === undefined ? [] : [["deletions", deletions] as const])];
  const whyStale = (): string | undefined =>
    informers.flatMap(([name, informer]) => (informer.healthy().ok ? [] : [`${name} is stale`]))[0];
  let isSynced = false;
  const server = await startStatusServer({
    host: config.host,
    port: config.port,
    registry,
    // A process without contact is not mended by a restart; after very long it ends by itself.
    whyUnhealthy: () => undefined,
    whyNotReady: () => (isSynced ? whyStale() : (definitions.whyWrong() ?? "caches are not filled yet")),
    onFault: (error) => log.warn({ error: messageOf(error) }, "request can't be answered"),
  });
  log.info({ port: server.port, identity: config.identity }, "reconciler started");

  const election = electionOf(ports, leadership);
  const stopping = new AbortController();
  void stopped.then(() => stopping.abort());
  try {
    definitions.start();
    for (const [, informer] of informers) informer.start();
    const synced = Promise.all([...informers.map(([, informer]) => informer.hasSynced()), definitions.usable()]);
    // A stop before the caches are filled rejects them; the signal is what counts then.
    synced.catch(() => {});
    await Promise.race([synced, stopped]);
    const version = await askVersion(client, { signal: stopping.signal, log });
    if (version !== undefined) {
      settings = { ...settings, supportsNative: supportsNative(version) };
      isSynced = true;
      const objects = Object.fromEntries(informers.map(([name, informer]) => [name, informer.size()]));
      log.info({ objects }, "caches are filled");
      if (election === undefined) await leadership.begin();
      else election.start();
    }
    const code = await stopped;
    log.info({ code }, "reconciler stops");
    return code;
  } finally {
    // Also when something failed: a process that does nothing and does not end would be started anew by nobody.
    stopping.abort();
    if (election === undefined) await leadership.end();
    else await election.stop();
    hooks.stop();
    definitions.stop();
    await Promise.all([server.stop(), ...informers.map(([, informer]) => informer.stop())]);
    await events.stop();
    client.close();
  }
}

function electionOf({ config, client, hooks, log }: Ports, leadership: Leadership): LeaderElection | undefined {
  if (!config.electsLeader) return undefined;
  return new LeaderElection({
    client,
    namespace: config.leaseNamespace,
    name: LeaseName.Reconciler,
    identity: config.identity,
    onAcquired: () => void leadership.begin(),
    async onLost(why) {
      log.info({ reason: why }, "leadership ended");
      await leadership.end();
      // What still runs is the next leader's: it counts as interrupted there.
      hooks.stop();
    },
    onFault: (error) => log.warn({ error: messageOf(error) }, "lease not renewed; it is tried again"),
  });
}

function logProblem(log: Logger, problem: InformerProblem): void {
  switch (problem.kind) {
    case "Fault":
      log.warn({ resource: problem.resource, error: messageOf(problem.error) }, "watch broke; it is tried again");
      return;
    case "Stale":
      log.warn({ resource: problem.resource, ageMs: problem.ageMs }, "no news from the API server");
      return;
    case "Unreadable":
    case "HandlerFailed":
      log.error(
        { resource: problem.resource, key: problem.key, error: messageOf(problem.error), reason: problem.kind },
        "object not understood",
      );
  }
}

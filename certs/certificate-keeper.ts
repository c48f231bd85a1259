import { messageOf } from "../shared/errors.ts";
import { type RunResult, WorkQueue } from "../shared/kube/work-queue.ts";
import { contentsAfter } from "./act-certificates.ts";
import { type CertificateStep, type CertificateView, decideCertificates } from "./decide-certificates.ts";
import { certificateView, wantedBundle } from "./gather-certificates.ts";
import type { KeeperPorts } from "./keeper-ports.ts";
import { createOtherOwners } from "./other-owners.ts";
import { findCertificates, writeCertificates } from "./secret.ts";
import { findConfigurations, hasBundle, publishBundle } from "./webhook-configurations.ts";

export interface CertificateKeeper {
  start(): void;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** A configuration that somebody applies anew has no bundle: until the next look, admission fails. */
const LOOK_EVERY_MS = 10_000;
const DRAIN_MS = 5_000;
const ONLY_KEY = "certificates";

export function createCertificateKeeper(ports: KeeperPorts): CertificateKeeper {
  const tellOthers = createOtherOwners(ports);
  return keepRunning(ports, (signal) => keepCertificates(ports, tellOthers, signal));
}

/** Calls `look` now and then, and again soon when it fails. */
export function keepRunning(
  { clock, log }: Pick<KeeperPorts, "clock" | "log">,
  look: (signal: AbortSignal) => Promise<RunResult>,
): CertificateKeeper {
  const newQueue = (): WorkQueue =>
    new WorkQueue({
      run: (_key, signal) => look(signal),
      onError: (_key, error, failures) => {
        log.warn({ failures, error: messageOf(error) }, "certificates not looked after; it is tried again");
      },
      concurrency: 1,
      backoff: { baseMs: 500, maxMs: LOOK_EVERY_MS },
      clock,
    });
  let queue: WorkQueue | undefined;
  return {
    start() {
      if (queue !== undefined) return;
      queue = newQueue();
      queue.start();
      queue.add(ONLY_KEY);
    },
    async stop() {
      const stopped = queue;
      queue = undefined;
      await stopped?.stop(DRAIN_MS);
    },
  };
}

async function keepCertificates(
  ports: KeeperPorts,
  tellOthers: ReturnType<typeof createOtherOwners>,
  signal: AbortSignal,
): Promise<RunResult> {
  const { client, clock, names, settings } = ports;
  const stored = await findCertificates(client, ports, signal);
  const configurations = await findConfigurations(client, ports.configurations, signal);
  tellOthers(configurations);
  const view = certificateView(stored.contents, configurations, names);
  const nowMs = clock.now();
  const step = decideCertificates(view, settings, nowMs);
  const contents = (await contentsAfter(step, stored.contents, { names, settings, nowMs })) ?? stored.contents;
  if (contents === undefined) return { requeueAfterMs: LOOK_EVERY_MS };
  // Also when nothing new was decided: an earlier version may have stored it otherwise, or a process ended between two writes.
  await writeCertificates(client, ports, contents, stored, signal);
  tell(ports, step);
  const bundle = wantedBundle(contents);
  for (const configuration of configurations) {
    if (hasBundle(configuration, bundle, names)) continue;
    await publishBundle(client, configuration, { bundle, names }, signal);
    ports.log.info({ kind: configuration.kind, name: configuration.name }, "CA bundle published");
  }
  reportExpiry(ports, certificateView(contents, [], names));
  return { requeueAfterMs: untilNextLook(step, nowMs) };
}

function tell({ log, recordEvent }: KeeperPorts, step: CertificateStep): void {
  if (step.kind === "Keep") return;
  log.info({ step: step.kind, reason: step.reason }, "certificates changed");
  recordEvent("Normal", `Certificate${step.kind}`, `${STEP_WORDS[step.kind]}: ${step.reason}`);
}

const STEP_WORDS = {
  CreateAll: "a new authority and a serving certificate were made",
  RotateCa: "a new authority was made beside the present one",
  IssueServing: "a new serving certificate was made",
  DropPreviousCa: "the authority before was dropped",
} as const satisfies Record<Exclude<CertificateStep["kind"], "Keep">, string>;

function reportExpiry({ onExpiry }: KeeperPorts, { ca, serving }: CertificateView): void {
  onExpiry({ caMs: ca?.notAfterMs, servingMs: serving?.notAfterMs });
}

/** After a change at once again: the next step may be due already. */
function untilNextLook(step: CertificateStep, nowMs: number): number {
  if (step.kind !== "Keep") return 1;
  return Math.min(Math.max(step.checkAgainAtMs - nowMs, 1), LOOK_EVERY_MS);
}

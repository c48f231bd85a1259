/**
 * Where cert-manager makes the certificate and its injector publishes the CA bundle: writes nothing, but says what is wrong before
 * admission fails.
 */
import type { X509Certificate } from "node:crypto";
import { coversNames, isSignedBy, readCertificate, readCertificates, readPair } from "./certificate-facts.ts";
import { type CertificateKeeper, keepRunning } from "./certificate-keeper.ts";
import type { KeeperPorts } from "./keeper-ports.ts";
import { createOtherOwners } from "./other-owners.ts";
import { findCertificateSecret, type SecretContents } from "./secret.ts";
import { findConfigurations, isCallOf, type WebhookConfiguration } from "./webhook-configurations.ts";

/** cert-manager renews after two thirds of the lifetime: what ends within a day was not renewed. */
const LATE_MS = 24 * 3_600_000;
const LOOK_EVERY_MS = 60_000;

export function createCertManagerCheck(ports: KeeperPorts): CertificateKeeper {
  const tellOthers = createOtherOwners(ports);
  return keepRunning(ports, async (signal) => {
    const contents = await findCertificateSecret(ports.client, ports.secret, signal);
    const configurations = await findConfigurations(ports.client, ports.configurations, signal);
    tellOthers(configurations);
    for (const problem of findProblems(contents, configurations, ports.names, ports.clock.now())) {
      ports.log.warn({ problem }, "certificate of cert-manager can't be used");
      ports.recordEvent("Warning", "CertificateProblem", problem);
    }
    const servingMs = readCertificate(contents?.certPem)?.validToDate.getTime();
    ports.onExpiry({ caMs: readCertificate(contents?.caPem)?.validToDate.getTime(), servingMs });
    return { requeueAfterMs: LOOK_EVERY_MS };
  });
}

/** What keeps API servers from calling the webhook, or will soon; one sentence each. */
export function findProblems(
  contents: SecretContents | undefined,
  configurations: readonly WebhookConfiguration[],
  names: readonly string[],
  nowMs: number,
): readonly string[] {
  const serving = readCertificate(readPair(contents?.certPem, contents?.keyPem)?.certPem);
  if (serving === undefined) return ["the Secret holds no usable certificate"];
  const problems: string[] = [];
  if (serving.validToDate.getTime() - LATE_MS <= nowMs) {
    problems.push(`the serving certificate ends at ${serving.validToDate.toISOString()} and was not renewed`);
  }
  if (!coversNames(serving, names)) problems.push(`the serving certificate is not valid for ${names.join(", ")}`);
  for (const { kind, name, webhooks } of configurations) {
    if (!webhooks.every(({ bundle, calls }) => isTrusted(serving, bundle) || !isCallOf(calls, names))) {
      problems.push(`the caBundle of ${kind} ${name} does not trust the serving certificate`);
    }
  }
  return problems;
}

function isTrusted(serving: X509Certificate, bundle: string): boolean {
  return readCertificates(bundle).some((authority) => isSignedBy(serving, authority));
}

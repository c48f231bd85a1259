/** Carries out a decision about the certificates: new contents for the Secret. */
import { assertNever } from "../shared/errors.ts";
import { lifetimeOf, readCertificate } from "./certificate-facts.ts";
import type { CertificateSettings, CertificateStep } from "./decide-certificates.ts";
import { type CertificatePair, issueCa, issueServing } from "./issue.ts";
import type { SecretContents } from "./secret.ts";

export interface IssueOrder {
  readonly names: readonly string[];
  readonly settings: CertificateSettings;
  readonly nowMs: number;
}

const NOTHING: SecretContents = {
  certPem: undefined,
  keyPem: undefined,
  caPem: undefined,
  caKeyPem: undefined,
  previousCaPem: undefined,
};

/**
 * The Secret's contents after a step.
 *
 * @returns undefined when the step changes nothing
 */
export async function contentsAfter(
  step: CertificateStep,
  present: SecretContents | undefined,
  order: IssueOrder,
): Promise<SecretContents | undefined> {
  const contents = present ?? NOTHING;
  switch (step.kind) {
    case "Keep":
      return undefined;
    case "CreateAll": {
      const ca = await newCa(order);
      // What clients trusted so far stays in the bundle: other replicas may still serve it.
      const previousCaPem = readCertificate(contents.caPem) === undefined ? undefined : contents.caPem;
      return withServing({ ...contents, caPem: ca.certPem, caKeyPem: ca.keyPem, previousCaPem }, ca, order);
    }
    case "RotateCa": {
      const ca = await newCa(order);
      return { ...contents, caPem: ca.certPem, caKeyPem: ca.keyPem, previousCaPem: contents.caPem };
    }
    case "IssueServing": {
      const { caPem: certPem = "", caKeyPem: keyPem = "" } = contents;
      return withServing(contents, { certPem, keyPem }, order);
    }
    case "DropPreviousCa":
      return { ...contents, previousCaPem: undefined };
    default:
      return assertNever(step);
  }
}

function newCa({ settings, nowMs }: IssueOrder): Promise<CertificatePair> {
  return issueCa({ nowMs, lifetimeMs: settings.caLifetimeMs });
}

async function withServing(contents: SecretContents, ca: CertificatePair, order: IssueOrder): Promise<SecretContents> {
  const { names, settings, nowMs } = order;
  const authority = readCertificate(ca.certPem);
  // Nothing is valid for longer than what signed it.
  const caLeftMs = authority === undefined ? 0 : lifetimeOf(authority).notAfterMs - nowMs;
  const lifetimeMs = Math.min(settings.servingLifetimeMs, caLeftMs);
  const serving = await issueServing(ca, names, { nowMs, lifetimeMs });
  return { ...contents, certPem: serving.certPem, keyPem: serving.keyPem };
}

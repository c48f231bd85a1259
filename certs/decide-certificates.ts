/** What to do about the authority and the serving certificate. Pure. */
import type { Lifetime } from "./certificate-facts.ts";

export interface CertificateSettings {
  readonly caLifetimeMs: number;
  readonly servingLifetimeMs: number;
  /** How long before its end a certificate is replaced. */
  readonly caRenewBeforeMs: number;
  readonly servingRenewBeforeMs: number;
  /** How long API servers get to learn of a new authority before a certificate of it is served. */
  readonly propagationMs: number;
  /** How long the authority before stays in the bundle once nothing of it is served any more. */
  readonly previousCaGraceMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const DEFAULT_CERTIFICATE_SETTINGS: CertificateSettings = {
  caLifetimeMs: 730 * DAY_MS,
  caRenewBeforeMs: 120 * DAY_MS,
  servingLifetimeMs: 90 * DAY_MS,
  servingRenewBeforeMs: 30 * DAY_MS,
  propagationMs: 60_000,
  previousCaGraceMs: 2 * HOUR_MS,
};

export interface ServingFact extends Lifetime {
  /** Whether it is valid for all names that clients call. */
  readonly isForAllNames: boolean;
  readonly signedBy: "ca" | "previousCa" | "other";
}

export interface CertificateView {
  /** Undefined when there is none, or its key is missing or belongs to another. */
  readonly ca: Lifetime | undefined;
  readonly previousCa: Lifetime | undefined;
  readonly serving: ServingFact | undefined;
  /** Whether every webhook configuration already holds the authority. */
  readonly isCaPublished: boolean;
}

export type CertificateStep =
  | { readonly kind: "Keep"; readonly checkAgainAtMs: number }
  /** A new authority and a serving certificate of it, both at once. */
  | { readonly kind: "CreateAll"; readonly reason: string }
  /** A new authority beside the present one, which goes on signing what is served. */
  | { readonly kind: "RotateCa"; readonly reason: string }
  | { readonly kind: "IssueServing"; readonly reason: string }
  | { readonly kind: "DropPreviousCa"; readonly reason: string };

/**
 * Decides the one next step. First match wins:
 *
 * | # | when | step |
 * |---|---|---|
 * | 1 | no usable authority, or it has expired | `CreateAll` |
 * | 2 | what is served can't be used any more, or nobody trusts its authority | `IssueServing` |
 * | 3 | the authority ends soon, and it is the one that signed what is served | `RotateCa` |
 * | 4 | what is served ends soon, lacks a name, or comes from the authority before whose successor the API servers know by now | `IssueServing` |
 * | 5 | nothing of the authority before has been served for a while, or it has expired | `DropPreviousCa` |
 * | 6 | otherwise | `Keep` |
 */
export function decideCertificates(
  view: CertificateView,
  settings: CertificateSettings,
  nowMs: number,
): CertificateStep {
  const { ca, previousCa, serving } = view;
  if (ca === undefined) return { kind: "CreateAll", reason: "there is no usable authority" };
  if (ca.notAfterMs <= nowMs) return { kind: "CreateAll", reason: "the authority has expired" };
  const unusable = whyUnusable(view, nowMs);
  if (unusable !== undefined || serving === undefined) {
    return { kind: "IssueServing", reason: unusable ?? "there is no serving certificate" };
  }
  if (ca.notAfterMs - settings.caRenewBeforeMs <= nowMs && serving.signedBy === "ca") {
    return { kind: "RotateCa", reason: "the authority ends soon" };
  }
  const renewal = whyRenewed(serving, settings, nowMs);
  const isKnown = serving.signedBy === "ca" || (view.isCaPublished && nowMs >= ca.issuedAtMs + settings.propagationMs);
  if (renewal !== undefined && isKnown) return { kind: "IssueServing", reason: renewal };
  if (previousCa !== undefined && serving.signedBy === "ca") {
    if (previousCa.notAfterMs <= nowMs) return { kind: "DropPreviousCa", reason: "it has expired" };
    if (nowMs >= serving.issuedAtMs + settings.previousCaGraceMs) {
      return { kind: "DropPreviousCa", reason: "nothing of it is served any more" };
    }
  }
  return { kind: "Keep", checkAgainAtMs: nextCheck(view, serving, settings, nowMs) };
}

function whyUnusable({ serving, previousCa }: CertificateView, nowMs: number): string | undefined {
  if (serving === undefined) return "there is no serving certificate";
  if (serving.notAfterMs <= nowMs) return "the serving certificate has expired";
  if (serving.signedBy === "other") return "the serving certificate comes from another authority";
  if (serving.signedBy === "previousCa" && (previousCa?.notAfterMs ?? 0) <= nowMs) {
    return "the authority of the serving certificate has expired";
  }
  return undefined;
}

function whyRenewed(serving: ServingFact, settings: CertificateSettings, nowMs: number): string | undefined {
  if (serving.signedBy === "previousCa") return "there is a new authority";
  if (!serving.isForAllNames) return "the serving certificate lacks a name";
  if (serving.notAfterMs - settings.servingRenewBeforeMs <= nowMs) return "the serving certificate ends soon";
  return undefined;
}

/** When time alone can change the answer. */
function nextCheck(
  { ca, previousCa }: CertificateView,
  serving: ServingFact,
  settings: CertificateSettings,
  nowMs: number,
): number {
  const times = [
    (ca?.notAfterMs ?? 0) - settings.caRenewBeforeMs,
    serving.notAfterMs - settings.servingRenewBeforeMs,
    (ca?.issuedAtMs ?? 0) + settings.propagationMs,
    serving.notAfterMs,
    ...(previousCa === undefined ? [] : [serving.issuedAtMs + settings.previousCaGraceMs, previousCa.notAfterMs]),
  ];
  return Math.min(...times.filter((time) => time > nowMs));
}

import { describe, expect, test } from "vitest";
import {
  type CertificateView,
  DEFAULT_CERTIFICATE_SETTINGS,
  decideCertificates,
} from "../../../certs/decide-certificates.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2026-01-01T00:00:00Z");
const settings = DEFAULT_CERTIFICATE_SETTINGS;

/** Certificates that were made ten days ago and are published. */
function aView(facts: Partial<CertificateView> = {}): CertificateView {
  const issuedAtMs = NOW - 10 * DAY_MS;
  return {
    ca: { issuedAtMs, notAfterMs: issuedAtMs + settings.caLifetimeMs },
    previousCa: undefined,
    serving: { issuedAtMs, notAfterMs: issuedAtMs + settings.servingLifetimeMs, isForAllNames: true, signedBy: "ca" },
    isCaPublished: true,
    ...facts,
  };
}

function aServing(facts: Partial<NonNullable<CertificateView["serving"]>> = {}): CertificateView["serving"] {
  return { issuedAtMs: NOW - DAY_MS, notAfterMs: NOW + 60 * DAY_MS, isForAllNames: true, signedBy: "ca", ...facts };
}

const fresh = { issuedAtMs: NOW - 1_000, notAfterMs: NOW + settings.caLifetimeMs };
const old = { issuedAtMs: NOW - 700 * DAY_MS, notAfterMs: NOW + 30 * DAY_MS };
const ended = { issuedAtMs: NOW - 800 * DAY_MS, notAfterMs: NOW - 1 };

describe("the next step", () => {
  test.each<[string, Partial<CertificateView>, string]>([
    ["all is well", {}, "Keep"],
    ["there is nothing yet", { ca: undefined, serving: undefined }, "CreateAll"],
    ["the authority's key is lost", { ca: undefined }, "CreateAll"],
    ["the authority has expired", { ca: ended }, "CreateAll"],
    ["the serving certificate is lost", { serving: undefined }, "IssueServing"],
    ["it has expired", { serving: aServing({ notAfterMs: NOW }) }, "IssueServing"],
    [
      "it has expired and nobody knows the authority",
      { serving: aServing({ notAfterMs: NOW }), isCaPublished: false },
      "IssueServing",
    ],
    ["it comes from elsewhere", { serving: aServing({ signedBy: "other" }) }, "IssueServing"],
    ["it ends soon", { serving: aServing({ notAfterMs: NOW + 29 * DAY_MS }) }, "IssueServing"],
    ["it lacks a name", { serving: aServing({ isForAllNames: false }) }, "IssueServing"],
    ["the authority ends soon", { ca: old }, "RotateCa"],
    [
      "a new authority is not published yet",
      {
        ca: { ...fresh, issuedAtMs: NOW - DAY_MS },
        previousCa: old,
        serving: aServing({ signedBy: "previousCa" }),
        isCaPublished: false,
      },
      "Keep",
    ],
    [
      "a new authority was published just now",
      { ca: fresh, previousCa: old, serving: aServing({ signedBy: "previousCa" }) },
      "Keep",
    ],
    [
      "API servers had time to learn of it",
      {
        ca: { ...fresh, issuedAtMs: NOW - settings.propagationMs },
        previousCa: old,
        serving: aServing({ signedBy: "previousCa" }),
      },
      "IssueServing",
    ],
    [
      "the authority before has expired under what is served",
      { ca: fresh, previousCa: ended, serving: aServing({ signedBy: "previousCa" }) },
      "IssueServing",
    ],
    [
      "what is served is of the new authority, but only just",
      { previousCa: old, serving: aServing({ issuedAtMs: NOW - 60_000 }) },
      "Keep",
    ],
    ["the authority before is of no use any more", { previousCa: old }, "DropPreviousCa"],
    [
      "the authority before has expired",
      { previousCa: ended, serving: aServing({ issuedAtMs: NOW - 60_000 }) },
      "DropPreviousCa",
    ],
  ])("when %s", (_when, facts, kind) => {
    expect(decideCertificates(aView(facts), settings, NOW).kind).toBe(kind);
  });

  test("keeping says when time alone can change the answer", () => {
    expect(decideCertificates(aView(), settings, NOW)).toEqual({
      kind: "Keep",
      // 90 days less 30 days before the end, made 10 days ago.
      checkAgainAtMs: NOW + 50 * DAY_MS,
    });
  });
});

/** Certificates by number: what the Secret, the webhook's replicas and the API servers hold, without cryptography. */
interface Model {
  ca: { readonly id: number; readonly issuedAtMs: number; readonly notAfterMs: number } | undefined;
  previousCa: Model["ca"];
  serving: { readonly caId: number; readonly issuedAtMs: number; readonly notAfterMs: number } | undefined;
}

test("in ten years of rotations no replica ever serves what an API server doesn't trust, even if both learn late", () => {
  const lagMs = 30_000;
  const stepMs = 10_000;
  const model: Model = { ca: undefined, previousCa: undefined, serving: undefined };
  let published: readonly number[] = [];
  let ids = 0;
  const counts: Record<string, number> = {};
  const bundles: { readonly atMs: number; readonly ids: readonly number[] }[] = [];
  const served: { readonly atMs: number; readonly caId: number; readonly notAfterMs: number }[] = [];
  const newCa = (nowMs: number) => {
    ids += 1;
    return { id: ids, issuedAtMs: nowMs, notAfterMs: nowMs + settings.caLifetimeMs };
  };
  const newServing = (nowMs: number) => ({
    caId: model.ca?.id ?? 0,
    issuedAtMs: nowMs,
    notAfterMs: Math.min(nowMs + settings.servingLifetimeMs, model.ca?.notAfterMs ?? 0),
  });
  let nowMs = NOW;
  while (nowMs < NOW + 3_650 * DAY_MS) {
    const { ca, previousCa, serving } = model;
    const step = decideCertificates(
      {
        ca,
        previousCa,
        serving: serving && {
          ...serving,
          isForAllNames: true,
          signedBy: serving.caId === ca?.id ? "ca" : serving.caId === previousCa?.id ? "previousCa" : "other",
        },
        isCaPublished: ca !== undefined && published.includes(ca.id),
      },
      settings,
      nowMs,
    );
    counts[step.kind] = (counts[step.kind] ?? 0) + 1;
    if (step.kind === "CreateAll" || step.kind === "RotateCa") {
      model.previousCa = ca;
      model.ca = newCa(nowMs);
    }
    if (step.kind === "CreateAll" || step.kind === "IssueServing") model.serving = newServing(nowMs);
    if (step.kind === "DropPreviousCa") model.previousCa = undefined;
    published = [model.ca, model.previousCa].flatMap((one) => (one === undefined ? [] : [one.id]));
    if (bundles.at(-1)?.ids.join() !== published.join()) bundles.push({ atMs: nowMs, ids: published });
    const now = model.serving;
    if (now !== undefined && served.at(-1)?.notAfterMs !== now.notAfterMs) served.push({ atMs: nowMs, ...now });
    // Whoever learns late still holds what was current `lagMs` ago; both late ones must get along with both new ones.
    const isRecent = (list: readonly { readonly atMs: number }[], index: number): boolean =>
      (list[index + 1]?.atMs ?? Number.POSITIVE_INFINITY) > nowMs - lagMs;
    for (const [servedAt, { caId, notAfterMs }] of served.entries()) {
      if (!isRecent(served, servedAt)) continue;
      expect(notAfterMs).toBeGreaterThan(nowMs);
      for (const [bundleAt, bundle] of bundles.entries()) {
        if (isRecent(bundles, bundleAt)) expect(bundle.ids).toContain(caId);
      }
    }
    nowMs += step.kind === "Keep" ? Math.min(Math.max(step.checkAgainAtMs - nowMs, stepMs), DAY_MS) : stepMs;
  }
  expect(counts["CreateAll"]).toBe(1);
  expect(counts["RotateCa"]).toBe(5);
  expect(counts["DropPreviousCa"]).toBe(5);
  expect(counts["IssueServing"]).toBeGreaterThan(55);
});

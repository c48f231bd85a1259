import { expect, test } from "vitest";
import { recoverySamples } from "../../../../reconciler/metrics/recovery-samples.ts";
import { parseBackupBatch } from "../../../../shared/api/backup-batch.ts";
import { parseBackupVerifier } from "../../../../shared/api/backup-verifier.ts";

const CREATED = "2026-05-01T00:00:00Z";
const NOW_MS = Date.parse("2026-05-02T12:00:00Z");

function samples(spec: object, status: object = {}, nextRuns: readonly string[] = []) {
  const verifier = parseBackupVerifier({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupVerifier",
    metadata: { name: "nightly", namespace: "shop", creationTimestamp: CREATED },
    spec: { invoker: { kind: "BackupBatch", name: "app" }, ...spec },
    status,
  });
  const batch = parseBackupBatch({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupBatch",
    metadata: { name: "app", namespace: "shop" },
    spec: { retentionPolicy: { name: "keep", keepLast: 1, prune: true } },
    status: { nextRuns },
  });
  const found = [...recoverySamples(verifier, batch, NOW_MS)];
  expect(found.every(({ labels }) => labels["verifier"] === "nightly" && labels["namespace"] === "shop")).toBe(true);
  return Object.fromEntries(found.map(({ name, value }) => [name.replace("stash_batch_verifier_", ""), value]));
}

const CREATED_SECONDS = Date.parse(CREATED) / 1_000;

test("a verifier that never proved anything is unproven since it is there, and due by its schedule's longest distance", () => {
  const unproven = { unproven_since_time_seconds: CREATED_SECONDS };
  expect(samples({ schedule: "0 3 * * *" })).toEqual({ ...unproven, period_seconds: 86_400 });
  expect(samples({ schedule: "0 3 * * 1-5" })).toEqual({ ...unproven, period_seconds: 3 * 86_400 });
  expect(samples({ afterEach: true }, {}, ["2026-05-03T00:00:00Z", "2026-05-03T06:00:00Z"])).toEqual({
    ...unproven,
    period_seconds: 21_600,
  });
});

test("nothing is due by hand, while it is paused, and by what can't be read", () => {
  for (const spec of [{}, { schedule: "0 3 * * *", paused: true }, { schedule: "61 3 * * *" }, { afterEach: true }]) {
    expect(samples(spec)).not.toHaveProperty("period_seconds");
  }
});

test("the last point that was proven counts, with the time that it took", () => {
  const lastProven = { by: "nightly-1", time: "2026-05-02T03:00:41Z", recoverySeconds: 41 };
  expect(samples({ maxRecoveryTime: "1m" }, { lastProven })).toEqual({
    unproven_since_time_seconds: Date.parse(lastProven.time) / 1_000,
    recovery_seconds: 41,
    recovery_limit_seconds: 60,
  });
});

import { expect, test } from "vitest";
import { buildBackend } from "../../../../cli/create/backend.ts";
import { buildBackupConfiguration, buildRestoreSession } from "../../../../cli/create/build-objects.ts";
import { flagValues } from "../../../../cli/program/flag-values.ts";
import { parseBackupConfiguration } from "../../../../shared/api/backup-configuration.ts";
import { parseRestoreSession } from "../../../../shared/api/restore-session.ts";

const place = { namespace: "demo", name: "one" };
const target = { repoName: "store", targetKind: "Deployment", targetName: "web" };

test.each([
  ["s3", { endpoint: "e" }, { s3: { endpoint: "e", bucket: "b", prefix: "p" } }],
  ["gcs", { maxConnections: "3" }, { gcs: { bucket: "b", prefix: "p", maxConnections: 3 } }],
  ["azure", {}, { azure: { container: "b", prefix: "p" } }],
  ["swift", {}, { swift: { container: "b", prefix: "p" } }],
  ["b2", {}, { b2: { bucket: "b", prefix: "p" } }],
  ["rest", { endpoint: "http://r" }, { rest: { url: "http://r/p/" } }],
  ["rest", { endpoint: "http://r/a/", prefix: "/b/c/" }, { rest: { url: "http://r/a/b/c/" } }],
  ["rest", { endpoint: "http://r", prefix: "" }, { rest: { url: "http://r" } }],
])("a backend of %s", (provider, more, backend) => {
  const flags = flagValues({ provider, bucket: "b", prefix: "p", secret: "s", ...more });
  expect(buildBackend(flags)).toEqual({ storageSecretName: "s", ...backend });
});

test.each([
  [{}, /which store/],
  [{ provider: "s3", secret: "s" }, /which bucket/],
  [{ provider: "s3", bucket: "b" }, /which Secret/],
  [{ provider: "rest", secret: "s" }, /which server/],
  [{ provider: "gcs", bucket: "b", secret: "s", maxConnections: "many" }, /is no number/],
])("flags %j are refused", (values, words) => {
  expect(() => buildBackend(flagValues(values))).toThrow(words);
});

test("a BackupConfiguration has what upstream's would have; the last rule names its policy", () => {
  const flags = flagValues({
    ...target,
    schedule: "*/5 * * * *",
    paths: ["/a,/b"],
    volumeMounts: ["files:/a", "other:/b:sub"],
    keepLast: "5",
    keepDaily: "7",
    prune: true,
    task: "t",
  });
  const made = parseBackupConfiguration(buildBackupConfiguration(place, flags));
  expect(made.spec).toEqual({
    repository: { name: "store" },
    task: { name: "t" },
    schedule: "*/5 * * * *",
    target: {
      ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      paths: ["/a", "/b"],
      volumeMounts: [
        { name: "files", mountPath: "/a" },
        { name: "other", mountPath: "/b", subPath: "sub" },
      ],
    },
    retentionPolicy: { name: "keep-daily-7", keepLast: 5, keepDaily: 7, prune: true },
  });
});

test.each([
  [{ ...target }, /how much is kept/],
  [{ ...target, keepLast: "5", volumeMounts: ["files"] }, /can't be read/],
  [{ keepLast: "5", repoName: "store" }, /which target/],
  [{ ...target, keepLast: "5", driver: "Tar" }, /is none of Restic, VolumeSnapshotter/],
])("flags %j of a BackupConfiguration are refused", (values, words) => {
  expect(() => buildBackupConfiguration(place, flagValues(values))).toThrow(words);
});

test("a RestoreSession has one rule, or one claim", () => {
  const ruled = buildRestoreSession(place, flagValues({ ...target, snapshots: ["a,b"], host: "host-0", alias: "w" }));
  expect(parseRestoreSession(ruled).spec.target).toMatchObject({
    alias: "w",
    rules: [{ sourceHost: "host-0", snapshots: ["a", "b"] }],
  });
  const claimed = buildRestoreSession(place, flagValues({ repoName: "store", "claim.name": "c", "claim.size": "1Gi" }));
  expect(parseRestoreSession(claimed).spec.target).toMatchObject({
    volumeClaimTemplates: [{ metadata: { name: "c" }, spec: { resources: { requests: { storage: "1Gi" } } } }],
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { checkSnapshotApi } from "../../../../cli/doctor/upstream.ts";

const file = join(import.meta.dirname, "../../../../manifests/overlays/snapshot-api/api-service.yaml");
const ours: object = parse(readFileSync(file, "utf8"));
const withStatus = (status: string) => ({
  ...ours,
  status: { conditions: [{ type: "Available", status, reason: "FailedDiscoveryCheck", message: "no answer" }] },
});

test.each<[string, unknown, string, RegExp]>([
  ["no APIService", undefined, "Ok", /an option/],
  ["ours, which is reached", withStatus("True"), "Ok", /reaches it/],
  [
    "ours, which is not reached",
    withStatus("False"),
    "Fault",
    /FailedDiscoveryCheck: no answer.*no namespace can be deleted/,
  ],
  ["ours, just made", ours, "Fault", /no word yet/],
  [
    "upstream's",
    { spec: { service: { namespace: "stash", name: "stash-stash-community" } } },
    "Warning",
    /another program's: stash\/stash-stash-community/,
  ],
  ["one without a Service", { spec: {} }, "Warning", /another program's/],
])("%s: %s", (_what, apiService, status, words) => {
  const finding = checkSnapshotApi(apiService, "stash-batch");
  expect([finding.status, finding.message]).toEqual([status, expect.stringMatching(words)]);
});

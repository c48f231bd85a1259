import { expect, test } from "vitest";
import { formatQuestion } from "../../../../cli/cluster/missing-right.ts";
import { editDistance, nearestNames } from "../../../../cli/cluster/nearest-names.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";

test("distances count insertions, deletions, changes and swaps", () => {
  expect(editDistance("shop", "shop")).toBe(0);
  expect(editDistance("shop", "shp")).toBe(1);
  expect(editDistance("shop", "hsop")).toBe(1);
  expect(editDistance("shop", "")).toBe(4);
});

test("the nearest names come first, and far ones not at all", () => {
  expect(nearestNames("shpo", ["other", "shop", "ship"])).toEqual(["shop"]);
  expect(nearestNames("wordpess", ["wordpress-old", "wordpress", "wordpres"])).toEqual(["wordpress", "wordpres"]);
  expect(nearestNames("wbe", ["db", "web"])).toEqual(["web"]);
  expect(nearestNames("wordpress", ["nightly-wordpress-backup", "files"])).toEqual(["nightly-wordpress-backup"]);
  expect(nearestNames("x", ["completely-different"])).toEqual([]);
});

test("a missing right is asked for as kubectl asks", () => {
  const pods = { group: "", version: "v1", plural: "pods/log", namespaced: true };
  expect(formatQuestion({ verb: "list", resource: KINDS.BackupBatch, namespace: "shop" })).toBe(
    "kubectl auth can-i list backupbatches.stash.appscode.com -n shop",
  );
  expect(formatQuestion({ verb: "list", resource: KINDS.BackupBatch, namespace: undefined })).toBe(
    "kubectl auth can-i list backupbatches.stash.appscode.com -A",
  );
  expect(formatQuestion({ verb: "get", resource: pods, namespace: "shop" })).toBe(
    "kubectl auth can-i get pods --subresource=log -n shop",
  );
});

/** What a drill takes for its own: what it controls itself, by its uid, and nothing that only says so. */
import { describe, expect, test } from "vitest";
import { inNamespace } from "../../../../reconciler/authority.ts";
import { cleanUp } from "../../../../reconciler/verification/clean-up.ts";
import { createOwn, isOwnedBy } from "../../../../reconciler/verification/create-own.ts";
import { drillMetadata } from "../../../../reconciler/verification/objects.ts";
import { drillAccountName } from "../../../../reconciler/verification/verify-job.ts";
import { CLAIMS } from "../../../../shared/kube/resources.ts";
import { FakeApi } from "../fake-api.ts";
import { aDrill } from "./builders.ts";

const DRILL = aDrill();
const UID = DRILL.metadata.uid ?? "";
const OWNER = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupVerificationSession",
  name: DRILL.metadata.name,
};
const SIGNAL = new AbortController().signal;

type Owners = readonly Readonly<Record<string, unknown>>[];

/** What somebody may write on an object of his, so that it looks as if it were the drill's. */
const FORGED: readonly (readonly [string, Owners])[] = [
  ["no owner", []],
  ["an owner of the same name and another uid", [{ ...OWNER, uid: "another", controller: true }]],
  ["an owner without a uid", [{ ...OWNER, controller: true }]],
  [
    "the drill beside the object's own controller",
    [
      { ...OWNER, uid: "set", kind: "StatefulSet", controller: true },
      { ...OWNER, uid: UID },
    ],
  ],
  ["the drill as an owner that controls nothing", [{ ...OWNER, uid: UID }]],
  ["the drill's uid under another kind", [{ ...OWNER, kind: "BackupSession", uid: UID, controller: true }]],
  ["the drill's uid in another group", [{ ...OWNER, apiVersion: "example.com/v1", uid: UID, controller: true }]],
];

const aClaim = (ownerReferences: Owners) => ({
  metadata: { ...drillMetadata(DRILL, "files"), ownerReferences },
});

describe.each(FORGED)("an object with %s", (_what, owners) => {
  test("is not taken for the drill's, and keeps it from making its own", async () => {
    const api = new FakeApi();
    api.put("persistentvolumeclaims", aClaim(owners));
    expect(isOwnedBy(aClaim(owners), UID)).toBe(false);
    const here = inNamespace(api.client, DRILL.metadata.namespace);
    const making = createOwn(here, CLAIMS, { metadata: drillMetadata(DRILL, "files") }, UID, SIGNAL);
    await expect(making).rejects.toMatchObject({ code: "TARGET_INVALID" });
  });

  test("stays when the drill removes what it made", async () => {
    const api = new FakeApi();
    api.put("persistentvolumeclaims", aClaim(owners));
    expect(await cleanUp(api.client, DRILL, drillAccountName(DRILL), SIGNAL)).toEqual([]);
    expect(api.writes).toEqual([]);
  });
});

test("what an earlier try made is the drill's, and goes with it", async () => {
  const api = new FakeApi();
  const here = inNamespace(api.client, DRILL.metadata.namespace);
  const claim = { metadata: drillMetadata(DRILL, "files") };
  await createOwn(here, CLAIMS, claim, UID, SIGNAL);
  await createOwn(here, CLAIMS, claim, UID, SIGNAL);
  expect(isOwnedBy(claim, "")).toBe(false);
  expect(await cleanUp(api.client, DRILL, drillAccountName(DRILL), SIGNAL)).toEqual([]);
  expect(api.writes).toEqual(["create persistentvolumeclaims demo/files", "delete persistentvolumeclaims demo/files"]);
});

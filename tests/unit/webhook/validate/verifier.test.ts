import { expect, test } from "vitest";
import { parseBackupVerificationSession } from "../../../../shared/api/backup-verification-session.ts";
import { parseBackupVerifier } from "../../../../shared/api/backup-verifier.ts";
import { effectsOf } from "../../../../shared/effects/of-object.ts";
import { findDrillFindings, findVerifierFindings } from "../../../../webhook/validate/verifier.ts";

function aVerifier(spec: object) {
  return parseBackupVerifier({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupVerifier",
    metadata: { name: "v", namespace: "demo" },
    spec: { invoker: { kind: "BackupBatch", name: "app" }, ...spec },
  });
}

test.each<[string, object, readonly string[]]>([
  ["nothing but the invoker", {}, []],
  ["a schedule", { schedule: "0 3 * * *", timeZone: "Europe/Berlin" }, []],
  ["a schedule that never fires", { schedule: "0 0 31 2 *" }, ["spec.schedule"]],
  ["a schedule and afterEach", { schedule: "0 3 * * *", afterEach: true }, ["spec.afterEach"]],
  ["Named without a session", { point: { which: "Named" } }, ["spec.point.session"]],
  ["a session without Named", { point: { session: "s" } }, ["spec.point.session"]],
  ["Script without a script", { type: "Script" }, ["spec.script"]],
  ["a script that would not run", { script: { image: "a:1" } }, ["spec.script"]],
  ["Query, which nobody would ask", { type: "Query" }, ["spec.type"]],
  ["a sample of nothing", { sample: "0%" }, ["spec.sample"]],
  ["a sample of more than all", { sample: "101%" }, ["spec.sample"]],
  ["a sample without its sign", { sample: "2" }, ["spec.sample"]],
  ["a sample", { sample: "0.5%" }, []],
  ["a limit of nothing", { storage: { sizeLimit: "0" } }, ["spec.storage.sizeLimit"]],
  ["a negative history", { sessionHistoryLimit: -1 }, ["spec.sessionHistoryLimit"]],
])("%s", (_what, spec, fields) => {
  expect(findVerifierFindings(aVerifier(spec)).map(({ field }) => field)).toEqual(fields);
});

test("whoever writes a verifier must be allowed what its drills do", () => {
  const secret = { name: "TOKEN", valueFrom: { secretKeyRef: { name: "private", key: "k" } } };
  const verifier = aVerifier({
    type: "Script",
    script: { image: "a:1", env: [secret] },
    runtimeSettings: { pod: { serviceAccountName: "admin" } },
  });
  const effects = effectsOf(verifier, { appSecrets: new Map(), labelled: [] });
  expect(effects.map(({ verb, resource, name }) => [verb, resource, name].filter(Boolean).join(" "))).toEqual([
    "create pods",
    "create persistentvolumeclaims",
    "get secrets private",
    "get serviceaccounts admin",
  ]);
  expect(effects.every(({ namespace }) => namespace === "demo")).toBe(true);
});

test("a drill stays what it is; it can be cancelled, and that stays", () => {
  const drill = (spec: object) =>
    parseBackupVerificationSession({
      apiVersion: "stash.appscode.com/v1beta1",
      kind: "BackupVerificationSession",
      metadata: { name: "d", namespace: "demo" },
      spec: { verifier: "v", ...spec },
    });
  const fieldsOf = (after: object, before: object) =>
    findDrillFindings(drill(after), drill(before)).map(({ field }) => field);
  expect(fieldsOf({ cancel: true }, {})).toEqual([]);
  expect(fieldsOf({}, { cancel: true })).toEqual(["spec.cancel"]);
  expect(fieldsOf({ session: "other" }, {})).toEqual(["spec"]);
  expect(fieldsOf({ verifier: "other" }, {})).toEqual(["spec"]);
});

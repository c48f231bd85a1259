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

function aQuery(expect: object) {
  return { member: "db", statement: "SELECT 1", expect };
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
  ["Query without a statement", { type: "Query" }, ["spec.queries"]],
  ["statements", { type: "Query", queries: [aQuery({ min: "1", max: "9" }), aQuery({ equals: "x" })] }, []],
  ["statements that nobody would ask", { queries: [aQuery({ min: "1" })] }, ["spec.queries"]],
  ["a statement that may answer anything", { type: "Query", queries: [aQuery({})] }, ["spec.queries[0].expect"]],
  ["a limit that is no number", { type: "Query", queries: [aQuery({ min: "many" })] }, ["spec.queries[0].expect.min"]],
  ["two ways at once", { type: "Query", queries: [aQuery({ equals: "1", min: "1" })] }, ["spec.queries[0].expect"]],
  [
    "an empty statement of nobody",
    { type: "Query", queries: [{ member: "", statement: " ", expect: { equals: "" } }] },
    ["spec.queries[0].member", "spec.queries[0].statement"],
  ],
  ["an image for a server", { servers: [{ member: "db", image: "mariadb:10.11" }] }, []],
  [
    "two images for one server, and one of nothing",
    {
      servers: [
        { member: "db", image: "a:1" },
        { member: "db", image: "" },
      ],
    },
    ["spec.servers[1].image", "spec.servers[1].member"],
  ],
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
    "create networkpolicies",
    "get secrets private",
    "get serviceaccounts admin",
  ]);
  expect(effects.every(({ namespace }) => namespace === "demo")).toBe(true);
});

test("whoever writes a verifier of databases must be allowed to get their AppBindings", () => {
  const ofDatabases = aVerifier({ servers: [{ member: "db", image: "a:1" }] });
  const gets = (verifier: ReturnType<typeof aVerifier>, verified?: readonly { namespace: string; name: string }[]) =>
    effectsOf(verifier, { appSecrets: new Map(), labelled: [], verified })
      .filter(({ resource }) => resource === "appbindings")
      .map(({ verb, namespace, name = "any" }) => `${verb} ${namespace}/${name}`);
  expect(gets(aVerifier({}), [{ namespace: "demo", name: "shop" }])).toEqual(["get demo/shop"]);
  expect(gets(aVerifier({}), [])).toEqual([]);
  // An invoker that is still to come may name any.
  expect(gets(ofDatabases)).toEqual(["get demo/any"]);
  expect(gets(aVerifier({}))).toEqual([]);
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

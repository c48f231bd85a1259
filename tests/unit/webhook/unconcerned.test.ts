/** A review that is answered from its first lines gets the answer that reading all of it gives. */
import { describe, expect, test } from "vitest";
import { spoilReview } from "../../../bench/_mutate-review.ts";
import { createRandom } from "../../../bench/_random.ts";
import { isJsonObject, listAt, parseJson, textAt, valueAt } from "../../../shared/json/value.ts";
import { answerMutation } from "../../../webhook/answer.ts";
import type { Reasons } from "../../../webhook/decide.ts";
import { createGather } from "../../../webhook/gather.ts";
import { type AnsweredReview, parseReview } from "../../../webhook/review.ts";
import { createUnconcerned } from "../../../webhook/unconcerned.ts";
import { goldenNames, readGolden, readGoldenWorkload } from "../../support/golden/cases.ts";
import { createMemoryWorld } from "../../support/injection/memory-world.ts";
import { aDeployment, SETTINGS } from "./builders.ts";

const log = { debug: () => undefined, info: () => undefined, error: () => undefined };

/** The body in the order in which an API server writes it. */
function bodyOf(object: unknown, change: { old?: unknown; request?: object } = {}): string {
  const kind = { group: "apps", version: "v1", kind: textAt(object, "kind") };
  return JSON.stringify({
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid: "u-1",
      kind,
      resource: { group: "apps", version: "v1", resource: `${textAt(object, "kind")?.toLowerCase()}s` },
      name: textAt(object, "metadata", "name"),
      namespace: "demo",
      operation: change.old === undefined ? "CREATE" : "UPDATE",
      userInfo: { username: "someone", groups: ["system:authenticated"] },
      ...change.request,
      object,
      oldObject: change.old ?? null,
      dryRun: false,
    },
  });
}

/** Both ways of answering, with what each counts. */
function bothWays(body: string, objects: readonly unknown[], more: { settings?: unknown; isSynced?: boolean } = {}) {
  const world = createMemoryWorld(objects);
  const isSynced = () => more.isSynced !== false;
  const settings = { ...SETTINGS, ...(isJsonObject(more.settings) ? more.settings : {}) };
  const excludedNamespaces = ["kube-system"];
  const counted: { quick: Reasons[]; whole: Reasons[] } = { quick: [], whole: [] };
  const quick = createUnconcerned({
    world,
    isSynced,
    excludedNamespaces,
    log,
    countReasons: (reasons) => counted.quick.push(reasons),
  })(body);
  const review = parseReview(body);
  if ("fault" in review) return { quick, whole: undefined, counted };
  const whole = answerMutation(review, {
    gather: createGather({ world, settings, isSynced }),
    excludedNamespaces,
    countReasons: (reasons) => counted.whole.push(reasons),
    log,
  });
  return { quick, whole, counted };
}

function expectSame({ quick, whole, counted }: ReturnType<typeof bothWays>): AnsweredReview | undefined {
  if (quick === undefined) {
    expect(counted.quick).toEqual([]);
    return undefined;
  }
  expect({ patch: [], warnings: [], ...quick.answer }).toEqual({ patch: [], warnings: [], ...whole });
  expect(counted.quick).toEqual(counted.whole);
  expect(quick.review.request.uid).toBe("u-1");
  return quick;
}

describe.each(goldenNames)("golden case %s", (name) => {
  test("is answered alike, if it is answered", () => {
    const world = readGolden(name, "world.json");
    const more = { settings: valueAt(world, "settings"), isSynced: valueAt(world, "isSynced") !== false };
    const old = valueAt(world, "old") ?? undefined;
    expectSame(bothWays(bodyOf(readGoldenWorkload(name), { old }), listAt(world, "objects"), more));
  });
});

describe("a workload that nobody names", () => {
  test.each(["Deployment", "StatefulSet", "DaemonSet"])("of kind %s is answered, new and changed", (kind) => {
    const object = aDeployment({ kind });
    expect(expectSame(bothWays(bodyOf(object), []))).toBeDefined();
    expect(expectSame(bothWays(bodyOf(object, { old: object }), []))).toBeDefined();
  });

  test.each([
    ["has a label of ours", bodyOf(aDeployment({ metadata: { labels: { "stash.appscode.com/backup-batch": "b" } } }))],
    ["carries a container of ours", bodyOf(aDeployment({ podSpec: { containers: [{ name: "stash", image: "i" }] } }))],
    ["is being deleted", bodyOf(aDeployment({ metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }))],
    ["has no name yet", bodyOf(aDeployment({ metadata: { name: undefined, generateName: "web-" } }))],
    ["is of an excluded namespace", bodyOf(aDeployment(), { request: { namespace: "kube-system" } })],
    ["is scaled", bodyOf(aDeployment(), { request: { subResource: "scale" } })],
    ["is of another kind", bodyOf(aDeployment({ kind: "CronJob" }))],
    ["is deleted", bodyOf(aDeployment(), { request: { operation: "DELETE" } })],
  ])("and %s is read as a whole", (_what, body) => {
    expect(expectSame(bothWays(body, []))).toBeUndefined();
  });

  test("is read as a whole while the caches are empty, and in a namespace that opted out", () => {
    expect(expectSame(bothWays(bodyOf(aDeployment()), [], { isSynced: false }))).toBeUndefined();
    const annotations = { "stash.appscode.com/inject": "disabled" };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "demo", annotations } };
    expect(expectSame(bothWays(bodyOf(aDeployment()), [namespace]))).toBeUndefined();
  });
});

describe("a hostile body", () => {
  test.each([
    ["an object in what is said of the user", { userInfo: { extra: { first: ["x"], object: ["y"] } } }],
    ["an object in the name", { name: 'a,"object":{}' }],
  ])("with %s gets the same answer", (_what, request) => {
    expectSame(bothWays(bodyOf(aDeployment(), { request }), []));
  });

  test.each([
    "",
    ',"object":',
    '{"request":{"uid":"u-1","object":{',
    '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":1,"object":{}}}',
    '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v9","request":{"uid":"u-1","name":"a","object":{}}}',
  ])("%j is left to the reader of reviews", (body) => {
    expect(bothWays(body, []).quick).toBeUndefined();
  });
});

/** An API server names the object in the review as it names it in the object. */
function isNamedAlike(body: string): boolean {
  const request = valueAt(parseJson(body), "request");
  const named = [textAt(request, "kind", "kind"), textAt(request, "name")];
  const own = [textAt(request, "object", "kind"), textAt(request, "object", "metadata", "name")];
  return own.every((text, at) => text === undefined || text === named[at]);
}

/** Some are of no workload any more, which no API server writes: only the reason that is counted may differ. */
test("4,000 spoiled reviews are never answered where reading all of them changes or refuses anything", () => {
  const random = createRandom(7);
  const objects = listAt(readGolden("deployment-by-reference", "world.json"), "objects");
  const golden = goldenNames.map((name) => bodyOf(readGoldenWorkload(name)));
  const kinds = ["Deployment", "StatefulSet", "DaemonSet"];
  const bodies = [...golden, ...kinds.map((kind) => bodyOf(aDeployment({ kind, metadata: { name: "other" } })))];
  let answered = 0;
  for (let round = 0; round < 4_000; round++) {
    const body = spoilReview(bodies[round % bodies.length] ?? "", random).toString();
    const { quick, whole } = bothWays(body, objects);
    if (quick === undefined || !isNamedAlike(body)) continue;
    answered++;
    expect(quick.answer).toEqual({ isAllowed: true, auditAnnotations: { backup: "NoInvoker" } });
    if (whole === undefined) continue;
    expect([whole.isAllowed, whole.patch ?? [], whole.warnings ?? []]).toEqual([true, [], []]);
    expect(["NoInvoker", "OtherKind"]).toContain(whole.auditAnnotations?.["backup"]);
  }
  expect(answered).toBeGreaterThan(100);
}, 60_000);

import { describe, expect, test } from "vitest";
import { formatHold, keepingHold, podOrigin, readHold, withoutHold } from "../../../../shared/injection/hold.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { readWorkload } from "../../../../shared/injection/workload.ts";

const HELD = "stash.appscode.com/injection-held";
const REQUESTED = "stash.appscode.com/requested-injection";

function aWorkload(annotations: Readonly<Record<string, string>>) {
  const workload = readWorkload({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "demo", annotations },
    spec: { template: { spec: { containers: [] } } },
  });
  if (workload === undefined) throw new Error("no workload");
  return workload;
}

describe("a hold", () => {
  test("is read as it was written; what nobody understands ends by a dry run", () => {
    for (const hold of [{ kind: "DryRun" }, { kind: "Pods", origin: "abc" }] as const) {
      expect(readHold({ [HELD]: formatHold(hold) })).toEqual(hold);
    }
    expect(readHold({ [HELD]: "whatever" })).toEqual({ kind: "DryRun" });
    expect(readHold({})).toBeUndefined();
  });

  test("can be thought away", () => {
    expect(withoutHold(aWorkload({ [HELD]: "dry-run", other: "1" })).annotations).toEqual({ other: "1" });
    const free = aWorkload({});
    expect(withoutHold(free)).toBe(free);
  });

  test("outlives a change that drops all annotations, and ends with the request for a sidecar", () => {
    const before = { [HELD]: "dry-run", [REQUESTED]: "none" };
    const held = (annotations: Readonly<Record<string, string>>) =>
      readHold(keepingHold(aWorkload(annotations), before).annotations) !== undefined;
    expect(held({})).toBe(true);
    expect(held({ [REQUESTED]: "none" })).toBe(true);
    expect(held({ [REQUESTED]: "4711" })).toBe(false);
    expect(readHold(keepingHold(aWorkload({}), {}).annotations)).toBeUndefined();
    // One that somebody wrote by hand, with the reconciler's request of before beside it, ends by the same request.
    const forged = { [HELD]: "dry-run", [REQUESTED]: "4711" };
    expect(readHold(keepingHold(aWorkload({ [REQUESTED]: "4711" }), forged).annotations)).toBeUndefined();
  });
});

describe("what pods with the sidecar are made from", () => {
  const template = (change: JsonObject = {}, metadata: JsonObject = { labels: { app: "web" } }) => ({
    metadata,
    spec: { containers: [{ name: "app", image: "app:1" }], volumes: [{ name: "data", emptyDir: {} }], ...change },
  });
  const origin = podOrigin(template(), { hash: "1" });

  test("is the same with our parts and without", () => {
    const sidecar = { name: "stash", args: ["run-backup"], volumeMounts: [{ name: "stash-tmp-dir" }] };
    const carried = template(
      {
        containers: [{ name: "app", image: "app:1" }, sidecar],
        initContainers: [],
        volumes: [
          { name: "data", emptyDir: {} },
          { name: "stash-tmp-dir", emptyDir: {} },
        ],
      },
      {
        labels: { app: "web", "stash.appscode.com/injected": "true" },
        annotations: { "stash.appscode.com/last-applied-backup-invoker-hash": "1" },
      },
    );
    expect(podOrigin(carried, { hash: "1" })).toBe(origin);
  });

  test.each([
    ["another image of the application", template({ containers: [{ name: "app", image: "app:2" }] }), { hash: "1" }],
    ["another volume", template({ volumes: [{ name: "data", hostPath: { path: "/" } }] }), { hash: "1" }],
    ["another account", template({ serviceAccountName: "other" }), { hash: "1" }],
    ["another label", template({}, { labels: { app: "db" } }), { hash: "1" }],
    ["a restart by hand", template({}, { labels: { app: "web" }, annotations: { restartedAt: "1" } }), { hash: "1" }],
    ["another sidecar", template(), { hash: "2" }],
  ])("is another with %s", (_what, podTemplate, wanted) => {
    expect(podOrigin(podTemplate, wanted)).not.toBe(origin);
  });
});

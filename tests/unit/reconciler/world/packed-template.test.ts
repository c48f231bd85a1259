import { describe, expect, test } from "vitest";
import { keptFacts } from "../../../../reconciler/world/packed-template.ts";
import { Annotation, Label } from "../../../../shared/contract.ts";
import { readWorkload, type WorkloadFacts } from "../../../../shared/injection/workload.ts";
import { deepFreeze } from "../../../../shared/kube/cache/deep-freeze.ts";

const SPEC = {
  containers: [
    {
      name: "app",
      image: "registry.example/app:1",
      env: Array.from({ length: 50 }, (_, at) => ({ name: `SETTING_${at}`, value: `välue-${at * 7919}` })),
    },
  ],
};

function aWorkload(metadata: object = {}, spec: object = SPEC): WorkloadFacts {
  const facts = readWorkload({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { namespace: "demo", name: "web", ...metadata },
    spec: { template: { metadata: { labels: { app: "web" } }, spec } },
  });
  if (facts === undefined) throw new Error("no workload");
  return facts;
}

function isPacked(facts: WorkloadFacts): boolean {
  return Object.getOwnPropertyDescriptor(keptFacts(facts), "podTemplate")?.get !== undefined;
}

describe("of a workload that concerns nobody", () => {
  test("D11: the template is kept small, and read as it came", () => {
    const facts = aWorkload();
    expect(isPacked(facts)).toBe(true);
    const kept = deepFreeze(keptFacts(facts));
    expect(kept.podTemplate).toEqual(facts.podTemplate);
    // Copies hold what it is now.
    expect({ ...kept }.podTemplate).toEqual(facts.podTemplate);
    expect({ ...kept, podTemplate: undefined, annotations: {} }).toEqual({ ...facts, podTemplate: undefined });
  });

  test("D11: what kubectl keeps of the object is not kept once more", () => {
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": "{}", mine: "1" };
    expect(keptFacts(aWorkload({ annotations })).annotations).toEqual({ mine: "1" });
  });
});

describe("of a workload that has to do with backups the template stays as it is", () => {
  test.each<[string, WorkloadFacts]>([
    ["by a label", aWorkload({ labels: { [Label.BackupBatch]: "nightly" } })],
    ["by an annotation", aWorkload({ annotations: { [Annotation.RequestedInjection]: "x" } })],
    ["by the container that it carries", aWorkload({}, { containers: [{ name: "stash", args: ["run-backup"] }] })],
  ])("D11: %s", (_what, facts) => {
    expect(isPacked(facts)).toBe(false);
    expect(keptFacts(facts).podTemplate).toBe(facts.podTemplate);
  });
});

/** Who asked for a backup by his own workload is told on it why there is none. */
import { describe, expect, test } from "vitest";
import { TargetMemory } from "../../../../reconciler/injection/target-memory.ts";
import { findSkip, tellSkip } from "../../../../reconciler/injection/tell-skip.ts";
import { aPlan, aWorkload, IMAGE, noPlan, sidecarFacts } from "./builders.ts";

const problem = { reason: "VolumeMissing", message: "volume data is not there", next: "Name a volume." } as const;
const LABELLED = { labels: { "stash.appscode.com/backup-batch": "nightly" } };
const BY_BLUEPRINT = { annotations: { "stash.appscode.com/backup-blueprint": "daily" } };

const skipOf = (metadata: object, plan = noPlan("VolumeMissing", [problem]), isOptedOut = false) =>
  findSkip({ workload: aWorkload({ metadata }), unheld: { plan, isOptedOut, image: IMAGE } });

describe("why a workload is skipped", () => {
  test.each([LABELLED, BY_BLUEPRINT])("is news for an owner who opted in: %j", (metadata) => {
    expect(skipOf(metadata)).toEqual({
      reason: "VolumeMissing",
      message: "volume data is not there (next: Name a volume.)",
    });
  });

  test("is none for others, for workloads that go, and where a job does the work", () => {
    expect(skipOf({})).toBeUndefined();
    expect(skipOf({ ...LABELLED, deletionTimestamp: "2024-01-01T00:00:00Z" })).toBeUndefined();
    expect(skipOf(LABELLED, noPlan("JobModel", [{ ...problem, reason: "JobModel" }]))).toBeUndefined();
    expect(skipOf(LABELLED, aPlan())).toBeUndefined();
  });

  test("may be that he opted out as well", () => {
    expect(skipOf(LABELLED, aPlan(), true)?.reason).toBe("OptedOut");
  });
});

test("it is told once, again when it is something else, and anew after it was mended", () => {
  const events: string[] = [];
  const ports = {
    told: new TargetMemory<string>(),
    events: {
      record: (_: unknown, type: string, reason: string, message: string) =>
        void events.push(`${type} ${reason} ${message}`),
    },
  };
  const workload = aWorkload({ metadata: LABELLED });
  const id = { kind: "Deployment", namespace: "demo", name: "web" } as const;
  const tell = (plan: ReturnType<typeof noPlan>) => {
    const wanted = { plan, isOptedOut: false, image: IMAGE };
    const { hold, origin, trouble } = { hold: undefined, origin: "", trouble: sidecarFacts().trouble };
    tellSkip(ports, id, {
      workload,
      hold,
      wanted,
      unheld: wanted,
      isCurrent: true,
      isRestoring: false,
      origin,
      trouble,
      leftOver: undefined,
    });
  };
  const first = noPlan("VolumeMissing", [problem]);
  for (const plan of [first, first, noPlan("NameTaken", [{ ...problem, reason: "NameTaken" }]), aPlan(), first])
    tell(plan);
  expect(events.map((event) => event.split(" ")[1])).toEqual(["VolumeMissing", "NameTaken", "VolumeMissing"]);
  expect(events[0]).toMatch(/^Warning VolumeMissing volume data is not there/);
});

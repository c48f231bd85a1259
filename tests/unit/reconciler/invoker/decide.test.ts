import { describe, expect, test } from "vitest";
import { decideInvokerStatus } from "../../../../reconciler/invoker/decide.ts";
import type { InvokerStatusView } from "../../../../reconciler/invoker/status-view.ts";
import type { ConditionFact } from "../../../../shared/status/conditions.ts";
import { READINESS_TYPES } from "../../../../shared/status/readiness.ts";
import {
  aBatch,
  aConfiguration,
  aRepository,
  aStatusView,
  aWorkload,
  IMAGE,
  noPlan,
  sidecarFacts,
} from "../injection/builders.ts";

const NOW = new Date("2026-01-02T03:04:05Z");
const EARLIER = "2026-01-01T00:00:00Z";

function summary(conditions: readonly ConditionFact[] | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]));
}

function decide(facts: Partial<InvokerStatusView> = {}) {
  const status = decideInvokerStatus(aStatusView(facts), NOW);
  return { ...status, summary: summary(status.conditions) };
}

describe("a BackupConfiguration", () => {
  test("with all that it needs is Ready, in upstream's words", () => {
    const invoker = aConfiguration();
    const member = invoker.members[0];
    if (member === undefined) throw new Error("no member");
    const status = decide({ invoker, members: [{ member, target: "found", sidecar: sidecarFacts() }] });
    expect(status.summary).toEqual({
      RepositoryFound: "True RepositoryAvailable",
      BackendSecretFound: "True BackendSecretAvailable",
      ValidationPassed: "True ResourceValidationPassed",
      CronJobCreated: "True InProcessSchedule",
      BackupTargetFound: "True TargetAvailable",
      StashSidecarInjected: "True SidecarInjectionSucceeded",
      Ready: "True BackupsCanRun",
      Reconciling: "False BackupsCanRun",
      Stalled: "False BackupsCanRun",
    });
    expect(status).toMatchObject({ phase: "Ready", observedGeneration: 3, memberConditions: undefined });
  });

  test.each<[string, Partial<InvokerStatusView>, string, string, string]>([
    [
      "no Repository is named",
      { invoker: aConfiguration({ repository: undefined }), repository: undefined },
      "RepositoryFound",
      "False RepositoryNotAvailable",
      "NotReady",
    ],
    [
      "the Repository is missing",
      { repository: undefined },
      "RepositoryFound",
      "False RepositoryNotAvailable",
      "NotReady",
    ],
    [
      "the Repository is being deleted",
      { repository: aRepository({ metadata: { deletionTimestamp: EARLIER } }) },
      "RepositoryFound",
      "False RepositoryNotAvailable",
      "NotReady",
    ],
    [
      "the Secret is missing",
      { secret: "missing" },
      "BackendSecretFound",
      "False BackendSecretNotAvailable",
      "NotReady",
    ],
    [
      "the Secret can't be asked for",
      { secret: { unknown: "forbidden" } },
      "BackendSecretFound",
      "Unknown UnableToCheckBackendSecretAvailability",
      "NotReady",
    ],
    [
      "the backend names no Secret",
      { repository: aRepository({ spec: { backend: {} } }) },
      "BackendSecretFound",
      "False BackendSecretNotAvailable",
      "NotReady",
    ],
    [
      "the Repository is another namespace's own",
      { repository: aRepository({ namespace: "vault" }) },
      "ValidationPassed",
      "False ResourceValidationFailed",
      "Invalid",
    ],
    [
      "the schedule never fires",
      { trigger: { kind: "Invalid", message: "it never fires" } },
      "CronJobCreated",
      "False ScheduleInvalid",
      "NotReady",
    ],
    [
      "the CronJob could not be made",
      { trigger: { kind: "CronJobFailed", message: "quota" } },
      "CronJobCreated",
      "False CronJobCreationFailed",
      "NotReady",
    ],
    [
      "a CronJob triggers it",
      { trigger: { kind: "CronJob", name: "stash-trigger-nightly" } },
      "CronJobCreated",
      "True CronJobCreationSucceeded",
      "Ready",
    ],
  ])("when %s", (_when, facts, type, expected, phase) => {
    const status = decide(facts);
    expect(status.summary[type]).toBe(expected);
    expect(status.phase).toBe(phase);
  });

  test("L50, L89: a target that is missing is told, also when it was there before", () => {
    const invoker = aConfiguration();
    const conditions: readonly ConditionFact[] = [
      {
        type: "BackupTargetFound",
        status: "True",
        reason: "TargetAvailable",
        message: "",
        lastTransitionTime: EARLIER,
      },
      {
        type: "StashSidecarInjected",
        status: "True",
        reason: "SidecarInjectionSucceeded",
        message: "",
        lastTransitionTime: EARLIER,
      },
    ];
    const members = invoker.members.map((member) => ({ member, target: "missing" as const, sidecar: undefined }));
    const status = decide({ invoker, conditions, members });
    expect(status.summary["BackupTargetFound"]).toBe("False TargetNotAvailable");
    expect(status.summary).not.toHaveProperty("StashSidecarInjected");
  });

  test("with another driver needs neither Repository nor Secret", () => {
    const status = decide({
      invoker: aConfiguration({ driver: "VolumeSnapshotter" }),
      repository: undefined,
      secret: undefined,
    });
    expect(status.summary).toMatchObject({ ValidationPassed: "True ResourceValidationPassed" });
    expect(status.summary).not.toHaveProperty("RepositoryFound");
    expect(status.phase).toBe("Ready");
  });

  test("the message about a Secret that is missing names it", () => {
    const { conditions } = decide({ secret: "missing" });
    expect(conditions.find(({ type }) => type === "BackendSecretFound")?.message).toBe(
      "Secret demo/backend does not exist",
    );
  });
});

describe("conditions that are there already", () => {
  test("keep their time while nothing changes, so that nothing is written", () => {
    const first = decideInvokerStatus(aStatusView(), new Date(EARLIER));
    const second = decideInvokerStatus(aStatusView({ conditions: first.conditions }), NOW);
    expect(second.conditions).toEqual(first.conditions);
  });

  test("of other writers stay", () => {
    const foreign: ConditionFact = {
      type: "BackupStale",
      status: "False",
      reason: "RecentRecoveryPoint",
      lastTransitionTime: EARLIER,
    };
    expect(decide({ conditions: [foreign] }).conditions).toContainEqual(foreign);
  });

  test("of ours go when they say nothing any more", () => {
    const ready = decide();
    const status = decide({ conditions: ready.conditions, repository: undefined });
    const own = Object.keys(status.summary).filter((type) => !READINESS_TYPES.has(type));
    expect(own.sort()).toEqual(["BackupTargetFound", "CronJobCreated", "RepositoryFound"]);
  });
});

describe("a BackupBatch", () => {
  const ref = (name: string) => ({ target: { ref: { apiVersion: "apps/v1", kind: "Deployment", name } } });

  test("has its members' conditions apart, with the time of each", () => {
    const invoker = aBatch([ref("web"), ref("db")]);
    const wanted = { plan: noPlan("VolumeMissing"), isOptedOut: false, image: IMAGE };
    const [web, db] = invoker.members;
    if (web === undefined || db === undefined) throw new Error("no members");
    const earlier = {
      type: "BackupTargetFound",
      status: "True",
      reason: "TargetAvailable",
      message: "Deployment demo/web exists",
      lastTransitionTime: EARLIER,
    } as const;
    const status = decide({
      invoker,
      memberConditions: [{ target: web.ref, conditions: [earlier] }],
      members: [
        { member: web, target: "found", sidecar: sidecarFacts() },
        { member: db, target: "found", sidecar: sidecarFacts({ workload: aWorkload(), wanted }) },
      ],
    });
    expect(status.summary).not.toHaveProperty("BackupTargetFound");
    expect(status.memberConditions?.map(({ target, conditions }) => [target.name, summary(conditions)])).toEqual([
      ["web", { BackupTargetFound: "True TargetAvailable", StashSidecarInjected: "True SidecarInjectionSucceeded" }],
      ["db", { BackupTargetFound: "True TargetAvailable", StashSidecarInjected: "False VolumeMissing" }],
    ]);
    expect(status.memberConditions?.[0]?.conditions?.[0]?.lastTransitionTime).toBe(EARLIER);
    expect(status.phase).toBe("Ready");
  });

  test("drops the conditions of members that left", () => {
    const gone = { kind: "Deployment", name: "gone", namespace: "demo" };
    const status = decide({ invoker: aBatch([ref("web")]), memberConditions: [{ target: gone, conditions: [] }] });
    expect(status.memberConditions?.map(({ target }) => target.name)).toEqual(["web"]);
  });
});

/** Objects of every kind in every phase that can be recorded, with their statuses as the product writes them. */
import { decideInvokerStatus } from "../../../reconciler/invoker/decide.ts";
import type { InvokerStatusView } from "../../../reconciler/invoker/status-view.ts";
import { decideRepositoryStatus, type RepositoryView } from "../../../reconciler/repository/decide.ts";
import type { RunStatus } from "../../../reconciler/run/facts.ts";
import { toldStatus, withRunReadiness } from "../../../reconciler/run/told-status.ts";
import type { RunObject } from "../../../reconciler/run/view.ts";
import { decideVerifier } from "../../../reconciler/verification/decide-verifier.ts";
import { withConditions } from "../../../reconciler/verification/status.ts";
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import { parseBackupVerifier } from "../../../shared/api/backup-verifier.ts";
import { BackupSessionPhase, HostRunPhase, RestorePhase, VerificationPhase } from "../../../shared/api/closed-lists.ts";
import { KINDS, type KindName } from "../../../shared/api/kinds.ts";
import {
  aBatch,
  aConfiguration,
  aStatusView,
  IMAGE,
  noPlan,
  sidecarFacts,
} from "../../unit/reconciler/injection/builders.ts";
import type { Kstatus } from "./kstatus.ts";

export interface RecordedObject {
  readonly kind: KindName;
  /** The phase, and what led to it where one phase has several causes. */
  readonly what: string;
  readonly object: object;
  readonly kstatus: Kstatus;
}

const NOW = new Date("2026-01-02T03:04:05Z");
const GENERATION = 3;
const web = { ref: { apiVersion: "apps/v1", kind: "Deployment", name: "web" } };

function recorded(kind: KindName, what: string, status: object | undefined, kstatus: Kstatus, metadata = {}) {
  const { apiVersion } = KINDS[kind];
  const named = { name: "nightly", namespace: "demo", generation: GENERATION, ...metadata };
  const object = { apiVersion, kind, metadata: named, ...(status !== undefined && { status }) };
  return { kind, what, object, kstatus } as const;
}

/** As the API server shows an object that nobody has looked at. */
const FRESH = { observedGeneration: -1 };

function* invokers(kind: "BackupConfiguration" | "BackupBatch"): Generator<RecordedObject> {
  const invoker = kind === "BackupBatch" ? aBatch([{ target: web }]) : aConfiguration();
  const member = invoker.members[0];
  if (member === undefined) throw new Error("no member");
  const ofMember = (facts: object) => [{ member, target: "found" as const, sidecar: undefined, ...facts }];
  const unplanned = { plan: noPlan("VolumeMissing"), isOptedOut: false, image: IMAGE };
  const cases: readonly (readonly [string, Partial<InvokerStatusView>, Kstatus])[] = [
    ["Ready", {}, "Current"],
    ["Ready, sidecars in place", { members: ofMember({ sidecar: sidecarFacts() }) }, "Current"],
    ["NotReady, no Repository", { repository: undefined }, "InProgress"],
    ["NotReady, no Secret", { secret: "missing" }, "InProgress"],
    ["NotReady, the Secret can't be looked for", { secret: { unknown: "timeout" } }, "InProgress"],
    ["NotReady, the CronJob can't be made", { trigger: { kind: "CronJobFailed", message: "no" } }, "InProgress"],
    ["NotReady, a bad schedule", { trigger: { kind: "Invalid", message: "no such month" } }, "Failed"],
    ["Ready, no target", { members: ofMember({ target: "missing" }) }, "InProgress"],
    [
      "Ready, a sidecar can't be added",
      { members: ofMember({ sidecar: sidecarFacts({ wanted: unplanned }) }) },
      "Failed",
    ],
  ];
  for (const [what, facts, kstatus] of cases) {
    yield recorded(kind, what, decideInvokerStatus(aStatusView({ invoker, ...facts }), NOW), kstatus);
  }
  const elsewhere = aStatusView({ invoker, namespaceLabels: {} });
  const repository = elsewhere.repository && {
    ...elsewhere.repository,
    metadata: { ...elsewhere.repository.metadata, namespace: "vault" },
  };
  yield recorded(kind, "Invalid", decideInvokerStatus({ ...elsewhere, repository }, NOW), "Failed");
  yield recorded(kind, "new", FRESH, "InProgress");
  const edited = decideInvokerStatus(aStatusView({ invoker }), NOW);
  yield recorded(kind, "Ready, then edited", edited, "InProgress", { generation: GENERATION + 1 });
  yield recorded(kind, "being deleted", edited, "Terminating", { deletionTimestamp: NOW.toISOString() });
}

const RUN_KSTATUS: Readonly<Record<string, Kstatus>> = {
  Pending: "InProgress",
  Running: "InProgress",
  Succeeded: "Current",
  Failed: "Failed",
  Skipped: "Failed",
  Unknown: "Failed",
  Invalid: "Failed",
};

function* runs(
  kind: "BackupSession" | "RestoreSession" | "RestoreBatch",
  phases: Readonly<Record<string, string>>,
): Generator<RecordedObject> {
  const { apiVersion } = KINDS[kind];
  const metadata = { name: "nightly", namespace: "demo", generation: GENERATION };
  const run: RunObject = { apiVersion, kind, metadata };
  const work = kind === "BackupSession" ? "backup" : "restore";
  for (const phase of Object.values(phases)) {
    const whole: RunStatus = { phase };
    const kstatus = RUN_KSTATUS[phase];
    if (kstatus === undefined) throw new Error(`nobody has said how ${phase} is to read`);
    yield recorded(kind, phase, toldStatus(work, run, { whole, stored: whole }, NOW), kstatus);
  }
  yield recorded(kind, "new", FRESH, "InProgress");
}

function* repositories(): Generator<RecordedObject> {
  const session = (opened: "True" | "False"): BackupSession => {
    const type = "BackendRepositoryInitialized";
    const conditions = [
      { type, status: opened, lastTransitionTime: "2026-01-01T00:00:00Z", message: "no such bucket" },
    ];
    return parseBackupSession({
      apiVersion: KINDS.BackupSession.apiVersion,
      kind: "BackupSession",
      metadata: { name: "nightly-1", namespace: "demo" },
      spec: {},
      status: { conditions },
    });
  };
  const cases: readonly (readonly [string, Partial<RepositoryView>, Kstatus])[] = [
    ["not used yet", {}, "Current"],
    ["whole", { status: { integrity: true }, sessions: [session("True")] }, "Current"],
    ["damaged", { status: { integrity: false } }, "Failed"],
    ["can't be opened", { sessions: [session("False")] }, "InProgress"],
  ];
  for (const [what, facts, kstatus] of cases) {
    const none = { status: undefined, references: [], sessions: [], seers: [] };
    const view = { namespace: "demo", generation: GENERATION, ...none, ...facts };
    yield recorded("Repository", what, decideRepositoryStatus(view, NOW), kstatus);
  }
  yield recorded("Repository", "new", FRESH, "InProgress");
}

function* hostRuns(): Generator<RecordedObject> {
  for (const phase of Object.values(HostRunPhase)) {
    const kstatus = RUN_KSTATUS[phase] ?? "Failed";
    yield recorded("HostRun", phase, withRunReadiness({ phase }, undefined, NOW), kstatus);
  }
}

function* drills(): Generator<RecordedObject> {
  const metadata = { name: "drill-1", namespace: "demo", generation: GENERATION };
  for (const phase of Object.values(VerificationPhase)) {
    const kstatus = RUN_KSTATUS[phase] ?? "Failed";
    yield recorded("BackupVerificationSession", phase, withConditions({ phase }, { metadata }, NOW), kstatus);
  }
  yield recorded("BackupVerificationSession", "new", FRESH, "InProgress");
}

function* verifiers(): Generator<RecordedObject> {
  const verifier = (schedule: string) =>
    parseBackupVerifier({
      apiVersion: KINDS.BackupVerifier.apiVersion,
      kind: "BackupVerifier",
      metadata: { name: "nightly", namespace: "demo", generation: GENERATION },
      spec: { invoker: { kind: "BackupBatch", name: "app" }, schedule },
    });
  const cases: readonly (readonly [string, string, boolean, Kstatus])[] = [
    ["drills can run", "0 3 * * *", true, "Current"],
    ["its invoker does not exist", "0 3 * * *", false, "InProgress"],
    ["its schedule can't be read", "never", true, "Failed"],
  ];
  for (const [what, schedule, hasInvoker, kstatus] of cases) {
    const view = { verifier: verifier(schedule), hasInvoker, drills: [], sessions: [] };
    yield recorded("BackupVerifier", what, decideVerifier(view, NOW).status, kstatus);
  }
  yield recorded("BackupVerifier", "new", FRESH, "InProgress");
}

export const RECORDED_OBJECTS: readonly RecordedObject[] = [
  ...invokers("BackupConfiguration"),
  ...invokers("BackupBatch"),
  ...runs("BackupSession", BackupSessionPhase),
  ...runs("RestoreSession", RestorePhase),
  ...runs("RestoreBatch", RestorePhase),
  ...repositories(),
  ...hostRuns(),
  ...verifiers(),
  ...drills(),
];

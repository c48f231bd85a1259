/** Plays the scripts of sessions on a simulation. */
import type { Action } from "../../../reconciler/backup-session/step.ts";
import type { HookOutcome } from "../../../reconciler/hooks/plan.ts";
import type { BackupBatch } from "../../../shared/api/backup-batch.ts";
import type { BackupHooks } from "../../../shared/api/hooks.ts";
import type { HostActionResult, HostStats } from "../../../shared/api/host-stats.ts";
import type { BackupMember } from "../../../shared/api/member.ts";
import { isErrorCode } from "../../../shared/errors.ts";
import type { SimulatedWorkload } from "../simulation/pods.ts";
import { type HostAt, type Pass, SessionSimulation } from "../simulation/session-simulation.ts";
import { describeChanges, describeHook } from "./describe.ts";
import { parseSpan, parseWords, type Script, type Stage, type Words } from "./script.ts";

interface Scene {
  batch: BackupBatch;
  retryLeft: number;
  readonly workloads: SimulatedWorkload[];
  readonly later: ((simulation: SessionSimulation) => void)[];
}

type Policy = NonNullable<NonNullable<BackupHooks["postBackup"]>["executionPolicy"]>;

function hooksOf({ named }: Words): BackupHooks | undefined {
  const before = named.get("before");
  const after = named.get("after");
  if (before === undefined && after === undefined) return undefined;
  const policy = named.get("policy");
  return {
    ...(before !== undefined && { preBackup: { exec: { command: [before] } } }),
    ...(after !== undefined && {
      postBackup: {
        exec: { command: [after] },
        ...(policy !== undefined && { executionPolicy: policyOf(policy) }),
      },
    }),
  };
}

function policyOf(text: string): Policy {
  const known = (["Always", "OnFailure", "OnSuccess", "OnFinalRetryFailure"] as const).find((name) => name === text);
  if (known === undefined) throw new Error(`${text} is no policy`);
  return known;
}

function withSpec(scene: Scene, change: Partial<BackupBatch["spec"]>): void {
  scene.batch = { ...scene.batch, spec: { ...scene.batch.spec, ...change } };
}

function addMember(scene: Scene, words: Words): void {
  const [, alias = "", kind = "Deployment"] = words.plain;
  const name = words.named.get("name") ?? alias;
  const replicas = Number(words.named.get("replicas") ?? 1);
  if (words.named.get("missing") === undefined) scene.workloads.push({ kind, namespace: "demo", name, replicas });
  const hooks = hooksOf(words);
  const member: BackupMember = {
    target: {
      ...(words.named.get("alias") !== "none" && { alias }),
      ref: { apiVersion: "apps/v1", kind, name },
      paths: ["/data"],
    },
    ...(hooks !== undefined && { hooks }),
    ...(words.named.get("task") !== undefined && { task: { name: words.named.get("task") ?? "" } }),
    ...(words.named.get("dependsOn") !== undefined && { dependsOn: (words.named.get("dependsOn") ?? "").split(",") }),
  };
  withSpec(scene, { members: [...(scene.batch.spec.members ?? []), member] });
}

function setScene(scene: Scene, line: string): void {
  const words = parseWords(line);
  const { plain, named } = words;
  switch (plain[0]) {
    case "batch":
      withSpec(scene, {
        executionOrder: plain.includes("Sequential") ? "Sequential" : "Parallel",
        failurePolicy: plain.includes("FailFast") ? "FailFast" : "Continue",
        ...(named.has("timeOut") && { timeOut: named.get("timeOut") ?? "" }),
        ...(named.has("history") && { backupHistoryLimit: Number(named.get("history")) }),
      });
      return;
    case "retry":
      scene.retryLeft = Number(named.get("left") ?? 1);
      withSpec(scene, { retryConfig: { maxRetry: 1, delay: named.get("delay") ?? "0s" } });
      return;
    case "hooks":
      withSpec(scene, { hooks: hooksOf(words) ?? {} });
      return;
    case "member":
      addMember(scene, words);
      return;
    case "session":
      scene.later.push(({ siblings }) =>
        siblings.push({
          name: plain[1] ?? "",
          createdAtMs: Date.parse(named.get("at") ?? "2024-04-29T02:00:00Z"),
          phase: named.get("phase"),
          isStarted: named.get("phase") === "Running",
          retryOf: undefined,
        }),
      );
      return;
    case "busy":
      scene.later.push(({ busyTargets }) => busyTargets.set(plain[1] ?? "", `BackupSession ${plain[2] ?? ""}`));
      return;
    case "restoring":
      scene.later.push(({ restoringTargets }) => restoringTargets.set(plain[1] ?? "", plain[2] ?? ""));
      return;
    case "invoker":
      scene.later.push((simulation) => {
        simulation.invokerPhase = plain[1];
        if (plain[1] === "gone") simulation.batch = undefined;
      });
      return;
    case "repository":
      scene.later.push((simulation) => {
        const { repository } = simulation;
        if (plain[1] === "gone") simulation.repository = undefined;
        else if (repository !== undefined) {
          const { integrity, ...status } = Object.fromEntries(named);
          simulation.repository = {
            ...repository,
            status: { ...status, ...(integrity !== undefined && { integrity: integrity === "true" }) },
          };
        }
      });
      return;
    default:
      throw new Error(`no scene is known as ${line}`);
  }
}

const EMPTY_BATCH: BackupBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupBatch",
  metadata: { name: "nightly", namespace: "demo", uid: "uid-batch", generation: 1 },
  spec: { repository: { name: "store" }, retentionPolicy: { name: "keep-5", keepLast: 5, prune: true } },
};

export function createSessionStage(script: Script): Stage {
  const scene: Scene = { batch: EMPTY_BATCH, retryLeft: 0, workloads: [], later: [] };
  for (const line of script.scene) setScene(scene, line);
  const simulation = new SessionSimulation({
    batch: scene.batch,
    workloads: scene.workloads,
    retryLeft: scene.retryLeft,
  });
  for (const change of scene.later) change(simulation);
  return {
    play(event) {
      const before = simulation.status;
      playEvent(simulation, event);
      simulation.settle();
      const passes = simulation.passes.splice(0);
      return [...describeChanges(before, simulation.status, "session"), ...passes.flatMap(describeActions)];
    },
  };
}

function describeActions({ actions }: Pass): readonly string[] {
  return actions.flatMap((action: Action): readonly string[] => {
    switch (action.kind) {
      case "RunHook":
        return [describeHook(action.run)];
      case "EnsureJob":
        return [`make job ${action.targetIndex}`];
      case "AbortHook":
        return ["abort the hook"];
      case "CreateRetry":
        return [`create a session due ${new Date(action.dueAtMs).toISOString()} with ${action.retryLeft} tries left`];
      case "DeleteSessions":
        return [`delete sessions ${action.names.join(", ")}`];
      case "EmitEvent":
        return [`event ${action.type} ${action.reason}`];
      case "RecordRecoveryPoint":
        return [`recovery point ${action.session} of ${action.time}`];
      default:
        return [];
    }
  });
}

function findHost(simulation: SessionSimulation, name: string): HostAt {
  const [target = "", host = ""] = name.split("/");
  const found = simulation.hosts().find((at) => {
    const entry = simulation.status.targets?.[at.targetIndex];
    return (entry?.alias ?? entry?.ref?.name) === target && (host === "" || at.host.hostname === host);
  });
  if (found === undefined) throw new Error(`there is no host ${name}`);
  return found;
}

function playAgent(simulation: SessionSimulation, { plain, named }: Words): void {
  const at = findHost(simulation, plain[1] ?? "");
  const time = new Date(simulation.nowMs).toISOString();
  simulation.report(at, (host): HostStats => {
    switch (plain[2]) {
      case "runs":
        return { ...host, phase: "Running", startedAt: time, progress: { heartbeat: time } };
      case "beats":
        return { ...host, progress: { heartbeat: time } };
      case "succeeds":
        return {
          ...host,
          phase: "Succeeded",
          finishedAt: time,
          snapshots: [{ name: `snap-${host.hostname}`, path: "/data" }],
        };
      case "fails":
        return { ...host, phase: "Failed", finishedAt: time, reason: plain[3] ?? "", error: named.get("error") ?? "" };
      case "finds": {
        const lock = { id: plain[3] ?? "", host: named.get("host") ?? "", createdAt: named.get("at") ?? time };
        return { ...host, locks: [...(host.locks ?? []), lock] };
      }
      case "hook":
        return {
          ...host,
          hooks: [
            ...(host.hooks ?? []),
            {
              type: plain[3] === "after" ? "postBackup" : "preBackup",
              phase: plain[4] === "ok" ? "Succeeded" : "Failed",
            },
          ],
        };
      case "did":
        return { ...host, results: [...(host.results ?? []), resultOf(plain, named)] };
      default:
        throw new Error(`agents do not know ${plain.join(" ")}`);
    }
  });
}

function resultOf(plain: readonly string[], named: Words["named"]): HostActionResult {
  const action = (
    [
      "InitializeBackendRepository",
      "ApplyRetentionPolicy",
      "VerifyRepositoryIntegrity",
      "VerifyRepositoryData",
      "SendRepositoryMetrics",
    ] as const
  ).find((name) => name === plain[3]);
  if (action === undefined) throw new Error(`${plain[3]} is no action`);
  const reason = named.get("reason");
  if (reason !== undefined) return { action, phase: "Failed", reason, message: named.get("message") ?? "" };
  if (named.get("integrity") === "false")
    return { action, phase: "Succeeded", integrity: false, message: "tree is missing" };
  if (named.get("phase") === "Running") return { action, phase: "Running" };
  return { action, phase: "Succeeded", ...(action === "ApplyRetentionPolicy" && { kept: 5, removed: 1 }) };
}

/** Everything that a healthy agent does with what it is given, until the session asks for nothing more. */
function playHealthyAgents(simulation: SessionSimulation): void {
  for (let round = 0; round < 20; round += 1) {
    simulation.settle();
    const time = new Date(simulation.nowMs).toISOString();
    let isBusy = false;
    for (const at of simulation.hosts()) {
      const { host } = at;
      if (host.podUID === undefined || simulation.pods.facts().get(host.podUID) === undefined) continue;
      const done = new Set((host.results ?? []).map(({ action }) => action));
      const open = (host.actions ?? []).filter((action) => !done.has(action));
      if (open.length === 0 && host.phase !== "Pending" && host.phase !== "Running") continue;
      isBusy = true;
      simulation.report(at, (old) => ({
        ...old,
        ...(old.phase === "Pending" || old.phase === "Running"
          ? { phase: "Succeeded", finishedAt: time, snapshots: [{ name: `snap-${old.hostname}`, path: "/data" }] }
          : {}),
        results: [...(old.results ?? []), ...open.map((action) => ({ action, phase: "Succeeded" as const }))],
      }));
    }
    if (!isBusy) return;
  }
}

function playPod(simulation: SessionSimulation, { plain }: Words): void {
  const [, name = "", what = ""] = plain;
  if (what === "new") {
    const workload = simulation.workloads.find((candidate) => candidate.name === name);
    if (workload === undefined) throw new Error(`there is no workload ${name}`);
    simulation.pods.add(workload, Number(plain[3] ?? 0), simulation.nowMs);
    return;
  }
  const pod = simulation.pods.get(name);
  switch (what) {
    case "gone":
      simulation.pods.remove(pod.uid);
      return;
    case "evicted":
      pod.isEnded = true;
      return;
    case "unready":
      pod.isReady = false;
      return;
    case "ready":
      pod.isReady = true;
      pod.hasAgent = true;
      pod.isAgentRunning = true;
      return;
    case "bare":
      pod.hasAgent = false;
      return;
    case "restarts":
      pod.agentStartedAtMs = simulation.nowMs;
      return;
    default:
      throw new Error(`pods do not know ${plain.join(" ")}`);
  }
}

function playJob({ jobs }: SessionSimulation, { plain, named }: Words): void {
  const code = plain[3] ?? "";
  if (plain[2] !== "fails" || !isErrorCode(code)) throw new Error(`jobs do not know ${plain.join(" ")}`);
  jobs.set(Number(plain[1]), { kind: "failed", code, message: named.get("message") ?? "" });
}

function playHook(simulation: SessionSimulation, { plain, named }: Words): void {
  const command = plain[1] ?? "";
  const run = [...simulation.running.values()].find((candidate) => {
    const isPod = named.get("pod") === undefined || candidate.place?.pod === named.get("pod");
    return isPod && candidate.handler.exec?.command?.[0] === command;
  });
  if (run === undefined) throw new Error(`no hook ${command} is running`);
  const outcome: HookOutcome = {
    phase: plain[2] === "ok" ? "Succeeded" : "Failed",
    message: named.get("message") ?? "",
    output: "",
    finishedAt: new Date(simulation.nowMs).toISOString(),
  };
  simulation.endHook(run.key, outcome);
}

function playEvent(simulation: SessionSimulation, event: string): void {
  const words = parseWords(event);
  const { plain } = words;
  switch (plain[0]) {
    case "look":
      return;
    case "after":
      simulation.nowMs += parseSpan(plain[1]);
      return;
    case "clock":
      simulation.clockJumpMs += (plain[1] === "back" ? -1 : 1) * parseSpan(plain[2]);
      return;
    case "agent":
      playAgent(simulation, words);
      return;
    case "agents":
      playHealthyAgents(simulation);
      return;
    case "pod":
      playPod(simulation, words);
      return;
    case "hook":
      playHook(simulation, words);
      return;
    case "job":
      playJob(simulation, words);
      return;
    case "restart":
      simulation.restart();
      return;
    case "cancel":
      simulation.cancel();
      return;
    case "scale": {
      const index = simulation.workloads.findIndex(({ name }) => name === plain[1]);
      const workload = simulation.workloads[index];
      if (workload === undefined) throw new Error(`there is no workload ${plain[1]}`);
      simulation.workloads.splice(index, 1);
      if (plain[2] !== "gone") simulation.workloads.push({ ...workload, replicas: Number(plain[2]) });
      return;
    }
    case "invoker":
      if (plain[1] === "deleted") simulation.batch = undefined;
      else simulation.invokerPhase = plain[1];
      return;
    case "repository":
      simulation.repository = undefined;
      return;
    case "free":
      simulation.busyTargets.delete(plain[1] ?? "");
      return;
    case "remember":
      simulation.formerPods.push({
        name: plain[1] ?? "",
        uid: words.named.get("uid") ?? "",
        assignedAtMs: Date.parse(words.named.get("at") ?? ""),
      });
      return;
    default:
      throw new Error(`no event is known as ${event}`);
  }
}

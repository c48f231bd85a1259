/** Plays the scripts of restores on a simulation. */
import type { Action } from "../../../reconciler/restore/step.ts";
import { type BackupSession, parseBackupSession } from "../../../shared/api/backup-session.ts";
import type { RestoreHooks } from "../../../shared/api/hooks.ts";
import type { RestoreHostStats } from "../../../shared/api/host-stats.ts";
import type { RestoreMember } from "../../../shared/api/member.ts";
import type { RestoreBatch } from "../../../shared/api/restore-batch.ts";
import { targetKey } from "../../../shared/target/ref.ts";
import type { SimulatedWorkload } from "../simulation/pods.ts";
import { RESTORE_START_MS, type RestoreHostAt, RestoreSimulation } from "../simulation/restore-simulation.ts";
import { describeChanges, describeHook } from "./describe.ts";
import { parseSpan, parseWords, type Script, type Stage, type Words } from "./script.ts";

interface Scene {
  restore: RestoreBatch;
  readonly workloads: SimulatedWorkload[];
  readonly later: ((simulation: RestoreSimulation) => void)[];
}

const EMPTY_RESTORE: RestoreBatch = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "RestoreBatch",
  metadata: {
    name: "back",
    namespace: "demo",
    uid: "uid-restore",
    creationTimestamp: new Date(RESTORE_START_MS).toISOString(),
  },
  spec: { repository: { name: "store" } },
};

function hooksOf({ named }: Words): RestoreHooks | undefined {
  const before = named.get("before");
  const after = named.get("after");
  const policy = (["Always", "OnFailure", "OnSuccess"] as const).find((name) => name === named.get("policy"));
  if (before === undefined && after === undefined) return undefined;
  return {
    ...(before !== undefined && { preRestore: { exec: { command: [before] } } }),
    ...(after !== undefined && {
      postRestore: { exec: { command: [after] }, ...(policy !== undefined && { executionPolicy: policy }) },
    }),
  };
}

function withSpec(scene: Scene, change: Partial<RestoreBatch["spec"]>): void {
  scene.restore = { ...scene.restore, spec: { ...scene.restore.spec, ...change } };
}

function addMember(scene: Scene, words: Words): void {
  const [, alias = "", kind = "Deployment"] = words.plain;
  const replicas = Number(words.named.get("replicas") ?? 1);
  if (!words.named.has("missing")) scene.workloads.push({ kind, namespace: "demo", name: alias, replicas });
  const hooks = hooksOf(words);
  const member: RestoreMember = {
    target: { alias, ref: { apiVersion: "apps/v1", kind, name: alias }, rules: [{ paths: ["/data"] }] },
    ...(hooks !== undefined && { hooks }),
    ...(words.named.has("dependsOn") && { dependsOn: (words.named.get("dependsOn") ?? "").split(",") }),
  };
  withSpec(scene, { members: [...(scene.restore.spec.members ?? []), member] });
}

/** `session NAME at=TIME db=Succeeded web=Failed` */
function pastSession({ plain, named }: Words): BackupSession {
  const targets = [...named]
    .filter(([name]) => name !== "at")
    .map(([name, phase]) => ({
      alias: name,
      ref: { apiVersion: "apps/v1", kind: "Deployment", name, namespace: "demo" },
      phase,
      stats: [
        { hostname: name, phase, snapshots: phase === "Succeeded" ? [{ name: `s-${name}`, path: "/data" }] : [] },
      ],
    }));
  return parseBackupSession({
    apiVersion: "stash.appscode.com/v1beta1",
    kind: "BackupSession",
    metadata: { name: plain[1], namespace: "demo", creationTimestamp: named.get("at") },
    spec: {},
    status: { phase: targets.every(({ phase }) => phase === "Succeeded") ? "Succeeded" : "Failed", targets },
  });
}

function setScene(scene: Scene, line: string): void {
  const words = parseWords(line);
  const { plain, named } = words;
  switch (plain[0]) {
    case "restore":
      withSpec(scene, {
        executionOrder: plain.includes("Sequential") ? "Sequential" : "Parallel",
        ...(named.has("timeOut") && { timeOut: named.get("timeOut") ?? "" }),
        ...(named.has("session") && { session: named.get("session") ?? "" }),
        ...(named.has("asOf") && { asOf: named.get("asOf") ?? "" }),
        ...(named.has("retry") && { retryConfig: { maxRetry: Number(named.get("retry")), delay: "1m" } }),
        ...(plain.includes("onFailure:Start") && { onFailure: "Start" }),
      });
      return;
    case "hooks":
      withSpec(scene, { hooks: hooksOf(words) ?? {} });
      return;
    case "member":
      addMember(scene, words);
      return;
    case "session": {
      const session = pastSession(words);
      scene.later.push(({ sessions }) => sessions.push(session));
      return;
    }
    case "pruned": {
      const session = pastSession(words);
      scene.later.push(({ pruned }) => pruned.push(session));
      return;
    }
    case "busy":
      scene.later.push(({ busyTargets }) => busyTargets.set(plain[1] ?? "", plain[2] ?? ""));
      return;
    case "repository":
      scene.later.push((simulation) => {
        if (plain[1] === "gone") simulation.repository = undefined;
        else simulation.mayUseRepository = false;
      });
      return;
    case "webhook":
      scene.later.push((simulation) => {
        simulation.isWebhookUp = plain[1] === "up";
      });
      return;
    default:
      throw new Error(`no scene is known as ${line}`);
  }
}

export function createRestoreStage(script: Script): Stage {
  const scene: Scene = { restore: EMPTY_RESTORE, workloads: [], later: [] };
  for (const line of script.scene) setScene(scene, line);
  const simulation = new RestoreSimulation(scene.restore, scene.workloads);
  for (const change of scene.later) change(simulation);
  return {
    play(event) {
      const before = simulation.status;
      playEvent(simulation, event);
      simulation.settle();
      const actions = simulation.passes.splice(0).flatMap((pass) => pass.actions);
      const { recoveryPoint } = simulation.status;
      const point = before.recoveryPoint === undefined && recoveryPoint !== undefined ? [recoveryPoint] : [];
      return [
        ...point.map(({ session, snapshots }) => `recovery point ${session} with ${snapshots?.length} snapshots`),
        ...describeChanges(before, simulation.status, "restore"),
        ...actions.flatMap(describeAction),
      ];
    },
  };
}

function describeAction(action: Action): readonly string[] {
  switch (action.kind) {
    case "RunHook":
      return [describeHook(action.run)];
    case "AbortHook":
      return ["abort the hook"];
    case "RequestInjection":
      return [`send ${action.ref.kind} ${action.ref.name} through admission`];
    default:
      return [];
  }
}

function findHost(simulation: RestoreSimulation, name: string): RestoreHostAt {
  const [target = "", host = ""] = name.split("/");
  const found = simulation.hosts().find((at) => {
    return simulation.status.targets?.[at.targetIndex]?.alias === target && at.host.hostname === host;
  });
  if (found === undefined) throw new Error(`there is no host ${name}`);
  return found;
}

function playAgent(simulation: RestoreSimulation, { plain, named }: Words): void {
  const at = findHost(simulation, plain[1] ?? "");
  const time = new Date(simulation.nowMs).toISOString();
  const pod = simulation.pods.list().find(({ uid }) => uid === at.host.podUID);
  simulation.report(at, (host): RestoreHostStats => {
    switch (plain[2]) {
      case "runs":
        return { ...host, phase: "Running", startedAt: time, progress: { heartbeat: time } };
      case "succeeds":
        return { ...host, phase: "Succeeded", finishedAt: time, snapshots: [{ id: "s", path: "/data" }] };
      case "fails":
        return { ...host, phase: "Failed", finishedAt: time, reason: plain[3] ?? "", error: named.get("error") ?? "" };
      default:
        throw new Error(`agents do not know ${plain.join(" ")}`);
    }
  });
  if (plain[2] === "succeeds" && pod !== undefined) {
    pod.isWaiting = false;
    pod.isReady = true;
  }
}

function findWorkload(simulation: RestoreSimulation, name: string): SimulatedWorkload {
  const workload = simulation.workloads.find((candidate) => candidate.name === name);
  if (workload === undefined) throw new Error(`there is no workload ${name}`);
  return workload;
}

/** `stranger NAME claim=CLAIM owner=NAME`, a pod that mounts the claim; `stranger NAME goes` */
function playStranger({ strangers }: RestoreSimulation, { plain, named }: Words): void {
  const name = plain[1] ?? "";
  if (plain[2] === "goes") strangers.delete(name);
  else strangers.set(name, { claim: named.get("claim") ?? "", owner: named.get("owner") });
}

function playEvent(simulation: RestoreSimulation, event: string): void {
  const words = parseWords(event);
  const { plain } = words;
  switch (plain[0]) {
    case "look":
      return;
    case "after":
      simulation.nowMs += parseSpan(plain[1]);
      return;
    case "agent":
      playAgent(simulation, words);
      return;
    case "rollout":
      simulation.rollOut(findWorkload(simulation, plain[1] ?? ""), Number(plain[2] ?? 0));
      return;
    case "pod":
      simulation.pods.remove(simulation.pods.get(plain[1] ?? "").uid);
      return;
    case "create": {
      const [, name = "", kind = "Deployment"] = plain;
      const workload = { kind, namespace: "demo", name, replicas: 1 };
      simulation.workloads.push(workload);
      simulation.injected.add(targetKey(workload));
      return;
    }
    case "stranger":
      playStranger(simulation, words);
      return;
    case "stuck":
      simulation.stuck.set(`Deployment/demo/${plain[1]}`, "Paused");
      return;
    case "webhook":
      simulation.isWebhookUp = plain[1] === "up";
      return;
    case "repository":
      simulation.mayUseRepository = true;
      return;
    case "free":
      simulation.busyTargets.delete(plain[1] ?? "");
      return;
    case "restart":
      simulation.restart();
      return;
    case "hook": {
      const run = [...simulation.running.values()].find(({ handler }) => handler.exec?.command?.[0] === plain[1]);
      if (run === undefined) throw new Error(`no hook ${plain[1]} is running`);
      simulation.endHook(run.key, {
        phase: plain[2] === "ok" ? "Succeeded" : "Failed",
        message: words.named.get("message") ?? "",
        output: "",
        finishedAt: new Date(simulation.nowMs).toISOString(),
      });
      return;
    }
    default:
      throw new Error(`no event is known as ${event}`);
  }
}

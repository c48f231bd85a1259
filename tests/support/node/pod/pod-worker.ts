/** One pod of the node from the moment it is bound until it is gone from the API server. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Container, V1Pod, V1PodCondition } from "@kubernetes/client-node";
import { LatestRun } from "../latest-run.ts";
import { createEtcFiles, startPodSandbox } from "../sandbox/pod-sandbox.ts";
import { listMemoryVolumes, PodVolumes, untilPrepared } from "../volumes/pod-volumes.ts";
import type { RestartPolicy } from "./container-outcome.ts";
import { type ContainerHost, ContainerSupervisor } from "./container-supervisor.ts";
import { readFactsBefore } from "./earlier-facts.ts";
import { execToEnd, type PodParts, readTerminationMessage, startPodContainer } from "./pod-containers.ts";
import type { PodContext } from "./pod-context.ts";
import { createPodHosts } from "./pod-hosts.ts";
import { removePod } from "./pod-removal.ts";
import { buildPodStatus, type PodView } from "./pod-status.ts";
import { createStatusWriter, type PodIdentity } from "./pod-status-writer.ts";

const RETRY_REFRESH_MS = 2_000;
const DEFAULT_GRACE_SECONDS = 30;

export class PodWorker {
  readonly dir: string;
  readonly identity: PodIdentity;
  readonly #context: PodContext;
  readonly #hostname: string;
  readonly #init: readonly ContainerSupervisor[];
  readonly #main: readonly ContainerSupervisor[];
  readonly #status: LatestRun;
  readonly #volumeRefresh: LatestRun;
  readonly #ending = new AbortController();
  readonly #startTime: string;
  readonly #deletionAsked = Promise.withResolvers<void>();
  /** Resolves when the pod's processes are gone and its last status is written. */
  readonly #ended: Promise<void>;
  #pod: V1Pod;
  #parts: PodParts | undefined;
  #failure: { readonly reason: string; readonly message: string } | undefined;
  #conditions: readonly V1PodCondition[] = [];
  #hosts: LatestRun | undefined;
  #graceMs = Number.POSITIVE_INFINITY;

  /** @param dir the pod's folder */
  constructor(context: PodContext, pod: V1Pod, dir: string) {
    this.#context = context;
    this.#pod = pod;
    this.dir = dir;
    const { namespace = "", name = "", uid = "" } = pod.metadata ?? {};
    this.identity = { namespace, name, uid };
    this.#hostname = (pod.spec?.hostname ?? name).slice(0, 63);
    this.#startTime = new Date(pod.status?.startTime ?? Date.now()).toISOString().replace(/\.\d+Z$/, "Z");
    const policy = policyOf(pod);
    const initPolicy = policy === "Always" ? "OnFailure" : policy;
    this.#init = (pod.spec?.initContainers ?? []).map((container) => this.#supervise(container, initPolicy));
    this.#main = (pod.spec?.containers ?? []).map((container) => this.#supervise(container, policy));
    const { api, signal, onError } = context;
    const build = (): object => this.#buildStatus();
    this.#status = createStatusWriter({ api, identity: this.identity, build, signal, onError });
    this.#volumeRefresh = new LatestRun(() => this.#refreshVolumes());
    const report = (error: unknown): void => {
      if (!signal.aborted) onError(error);
    };
    this.#ended = this.#run().catch(report);
    this.#ended
      .then(() => this.#deletionAsked.promise)
      .then(() => removePod(api, this.identity, signal))
      .catch(report);
  }

  container(name: string): ContainerSupervisor | undefined {
    return [...this.#init, ...this.#main].find(({ container }) => container.name === name);
  }

  /** Takes the newest state of the object: labels for downward API files, and the wish to delete it. */
  update(pod: V1Pod): void {
    this.#pod = pod;
    this.refreshVolumes();
    if (pod.metadata?.deletionTimestamp === undefined) return;
    this.#deletionAsked.resolve();
    const seconds = pod.metadata.deletionGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    this.#end(Math.min(seconds, this.#context.mostGraceSeconds ?? seconds) * 1_000);
  }

  /** The object is gone from the API server: end what is left of the pod now. */
  async abandon(): Promise<void> {
    this.#end(0);
    await this.#ended;
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Ends the pod as Failed, keeping the object, as a kubelet does that evicts. */
  async fail(reason: string, message: string): Promise<void> {
    this.#failure ??= { reason, message };
    const seconds = this.#pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
    this.#end(Math.min(seconds, this.#context.mostGraceSeconds ?? seconds) * 1_000);
    await this.#ended;
  }

  refreshVolumes(): void {
    this.#volumeRefresh.ask();
  }

  refreshTokens(now: number): void {
    if (this.#parts?.volumes.isDue(now) === true) this.refreshVolumes();
  }

  refreshHosts(): void {
    this.#hosts?.ask();
  }

  #supervise(container: V1Container, policy: RestartPolicy): ContainerSupervisor {
    const hasInit = (this.#pod.spec?.initContainers?.length ?? 0) > 0;
    const before = readFactsBefore(this.#pod, container, hasInit ? "PodInitializing" : "ContainerCreating", policy);
    return new ContainerSupervisor(this.#host(), container, policy, before);
  }

  #host(): ContainerHost {
    return {
      graceSeconds: this.#pod.spec?.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS,
      start: async (container, restartCount) => {
        if (this.#parts === undefined) throw new Error("the pod has no sandbox");
        return await startPodContainer(this.#parts, this.#pod, container, restartCount);
      },
      exec: (live, argv, timeoutMs) => execToEnd(live, argv, timeoutMs),
      readMessage: (container, exit, restartCount) => readTerminationMessage(this.dir, container, exit, restartCount),
      podIp: () => this.#parts?.sandbox.ip ?? "",
      onChange: () => this.#status.ask(),
      recordEvent: (type, reason, message, container) =>
        this.#context.recordEvent(this.#pod, type, reason, message, container),
    };
  }

  async #run(): Promise<void> {
    if (isOver(this.#pod)) return;
    this.#status.ask();
    try {
      await this.#live();
    } finally {
      // After #live nothing runs any more, unless it failed half way.
      await Promise.all([...this.#init, ...this.#main].map((supervisor) => supervisor.stop(0)));
      this.#ending.abort();
      await this.#hosts?.settled();
      await this.#volumeRefresh.settled();
      await this.#parts?.sandbox.stop();
    }
    this.#status.ask();
    await this.#status.settled();
  }

  async #live(): Promise<void> {
    await mkdir(this.dir, { recursive: true });
    const { namespace } = this.identity;
    const etc = await createEtcFiles(this.dir, this.#hostname, namespace);
    const volumesDir = join(this.dir, "volumes");
    const sandbox = await startPodSandbox({
      dir: this.dir,
      hostname: this.#hostname,
      network: this.#context.network,
      usesHostNetwork: this.#pod.spec?.hostNetwork === true,
      memoryVolumes: listMemoryVolumes(this.#pod, volumesDir),
    });
    const { api, reader, nodeName, cpus, memoryBytes, network } = this.#context;
    const facts = { nodeName, hostIp: network.gateway, podIp: sandbox.ip, cpus, memoryBytes };
    const volumes = new PodVolumes({ api, reader, facts }, volumesDir);
    this.#parts = { context: this.#context, dir: this.dir, hostname: this.#hostname, sandbox, etc, volumes, facts };
    const { hostname } = this.#parts;
    this.#hosts = createPodHosts({
      context: this.#context,
      pod: this.#pod,
      podIp: sandbox.ip,
      hostname,
      path: etc.hosts,
    });
    this.#hosts.ask();
    await this.#hosts.settled();
    this.#status.ask();
    await untilPrepared(
      volumes,
      () => this.#pod,
      this.#ending.signal,
      (message) => this.#context.recordEvent(this.#pod, "Warning", "FailedMount", message),
    );
    const deadline = this.#pod.spec?.activeDeadlineSeconds;
    if (deadline !== undefined) this.#failAfter(deadline);
    for (const supervisor of this.#init) {
      if (this.#ending.signal.aborted) return;
      await supervisor.run();
      const { state } = supervisor.facts;
      if (state.kind !== "terminated" || state.exitCode !== 0) return;
    }
    if (!this.#ending.signal.aborted) await Promise.all(this.#main.map((supervisor) => supervisor.run()));
  }

  #failAfter(seconds: number): void {
    const elapsed = Date.now() - Date.parse(this.#startTime);
    delay(Math.max(0, seconds * 1_000 - elapsed), undefined, { signal: this.#ending.signal, ref: false })
      .then(() => this.fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"))
      .catch(() => undefined);
  }

  /** What cannot be read now (an object that is gone, an API server that is away) is looked at again. */
  async #refreshVolumes(): Promise<void> {
    const { signal } = this.#ending;
    try {
      if (!signal.aborted) await this.#parts?.volumes.refresh(this.#pod);
    } catch {
      delay(RETRY_REFRESH_MS, undefined, { signal, ref: false }).then(
        () => this.refreshVolumes(),
        () => undefined,
      );
    }
  }

  /** Ends the containers; asked again, the shorter grace counts. */
  #end(graceMs: number): void {
    this.#ending.abort();
    if (graceMs >= this.#graceMs) return;
    this.#graceMs = graceMs;
    for (const supervisor of [...this.#init, ...this.#main]) supervisor.stop(graceMs).catch(this.#context.onError);
  }

  #view(): PodView {
    return {
      pod: this.#pod,
      hostIp: this.#context.network.gateway,
      podIp: this.#parts?.sandbox.ip,
      startTime: this.#startTime,
      initContainers: this.#init.map(({ facts }) => facts),
      containers: this.#main.map(({ facts }) => facts),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      now: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
      previous: this.#conditions,
    };
  }

  #buildStatus(): object {
    const status = buildPodStatus(this.#view());
    this.#conditions = status.conditions.map(({ lastTransitionTime, lastProbeTime: _none, ...condition }) => ({
      ...condition,
      ...(lastTransitionTime === undefined ? {} : { lastTransitionTime: new Date(lastTransitionTime) }),
    }));
    return status;
  }
}

function isOver(pod: V1Pod): boolean {
  return pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

function policyOf(pod: V1Pod): RestartPolicy {
  const policy = pod.spec?.restartPolicy;
  return policy === "OnFailure" || policy === "Never" ? policy : "Always";
}

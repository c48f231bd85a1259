/** One pod of the node from the moment it is bound until it is gone from the API server. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { V1Container, V1Pod, V1PodCondition } from "@kubernetes/client-node";
import { isStatus, untilAnswered } from "../api/kube-api.ts";
import { createEtcFiles, type EtcFiles, type PodSandbox, startPodSandbox } from "../sandbox/pod-sandbox.ts";
import { overwriteHosts } from "../services/hosts-file.ts";
import { formatHosts } from "../services/service-names.ts";
import { listMemoryVolumes, PodVolumes } from "../volumes/pod-volumes.ts";
import { type ContainerHost, ContainerSupervisor, type RestartPolicy } from "./container-supervisor.ts";
import { readFactsBefore } from "./earlier-facts.ts";
import { execToEnd, type PodParts, readTerminationMessage, startPodContainer } from "./pod-containers.ts";
import type { PodContext } from "./pod-context.ts";
import { buildPodStatus, type PodView } from "./pod-status.ts";
import { type PodIdentity, PodStatusWriter } from "./pod-status-writer.ts";

const RETRY_VOLUMES_MS = 500;
const DEFAULT_GRACE_SECONDS = 30;

export class PodWorker {
  readonly dir: string;
  readonly identity: PodIdentity;
  readonly #context: PodContext;
  readonly #hostname: string;
  readonly #init: readonly ContainerSupervisor[];
  readonly #main: readonly ContainerSupervisor[];
  readonly #writer: PodStatusWriter;
  readonly #ending = new AbortController();
  readonly #startTime: string;
  readonly #deletionAsked = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #pod: V1Pod;
  #parts: PodParts | undefined;
  #failure: { readonly reason: string; readonly message: string } | undefined;
  #conditions: readonly V1PodCondition[] = [];
  #hostsBytes = 0;
  #hostsWork: Promise<void> = Promise.resolve();
  #refreshWork: Promise<void> = Promise.resolve();
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
    const build = (): object => this.#buildStatus();
    this.#writer = new PodStatusWriter(context.api, this.identity, build, context.signal, context.onError);
    const report = (error: unknown): void => {
      if (!context.signal.aborted) context.onError(error);
    };
    this.#ended = this.#run().catch(report);
    this.#ended
      .then(() => this.#deletionAsked.promise)
      .then(() => this.#delete())
      .catch(report);
  }

  /** Resolves when the pod's processes are gone and its last status is written. */
  get ended(): Promise<void> {
    return this.#ended;
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
    this.#refreshWork = this.#refreshWork
      .then(() => (this.#ending.signal.aborted ? undefined : this.#parts?.volumes.refresh(this.#pod)))
      // An object that is gone leaves the files as they are; its return brings a new look.
      .catch(() => undefined);
  }

  refreshTokens(now: number): void {
    if (this.#parts?.volumes.isDue(now) === true) this.refreshVolumes();
  }

  refreshHosts(): void {
    const parts = this.#parts;
    if (parts === undefined || this.#ending.signal.aborted) return;
    this.#hostsWork = this.#hostsWork
      .then(() => this.#writeHosts(parts.etc, parts.sandbox))
      .catch(this.#context.onError);
  }

  #supervise(container: V1Container, policy: RestartPolicy): ContainerSupervisor {
    const hasInit = (this.#pod.spec?.initContainers?.length ?? 0) > 0;
    const before = readFactsBefore(this.#pod, container, hasInit ? "PodInitializing" : "ContainerCreating");
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
      onChange: () => this.#writer.touch(),
      recordEvent: (type, reason, message, container) =>
        this.#context.recordEvent(this.#pod, type, reason, message, container),
    };
  }

  async #run(): Promise<void> {
    if (isOver(this.#pod)) return;
    this.#writer.touch();
    try {
      await this.#live();
    } finally {
      // After #live nothing runs any more, unless it failed half way.
      await Promise.all([...this.#init, ...this.#main].map((supervisor) => supervisor.stop(0)));
      this.#ending.abort();
      await this.#hostsWork;
      await this.#refreshWork;
      await this.#parts?.sandbox.stop();
    }
    this.#writer.touch();
    await this.#writer.settled();
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
    await this.#writeHosts(etc, sandbox);
    this.#writer.touch();
    await this.#prepareVolumes(volumes);
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

  async #prepareVolumes(volumes: PodVolumes): Promise<void> {
    let told = "";
    while (!this.#ending.signal.aborted) {
      try {
        await volumes.prepare(this.#pod);
        return;
      } catch (error) {
        const message = error instanceof Error ? error.message : `${error}`;
        if (message !== told) this.#context.recordEvent(this.#pod, "Warning", "FailedMount", message);
        told = message;
        await delay(RETRY_VOLUMES_MS, undefined, { signal: this.#ending.signal }).catch(() => undefined);
      }
    }
  }

  #failAfter(seconds: number): void {
    const elapsed = Date.now() - Date.parse(this.#startTime);
    delay(Math.max(0, seconds * 1_000 - elapsed), undefined, { signal: this.#ending.signal, ref: false })
      .then(() => this.fail("DeadlineExceeded", "Pod was active on the node longer than the specified deadline"))
      .catch(() => undefined);
  }

  async #writeHosts(etc: EtcFiles, sandbox: PodSandbox): Promise<void> {
    const { services, endpoints, network } = this.#context;
    const text = formatHosts({
      pod: this.#pod,
      podIp: sandbox.ip,
      hostname: this.#hostname,
      services: services.list(),
      endpointsOf: (namespace, service) => endpoints.get(namespace, service),
      hasClusterIps: network.mode === "namespaces" && this.#pod.spec?.hostNetwork !== true,
    });
    this.#hostsBytes = await overwriteHosts(etc.hosts, text, this.#hostsBytes);
  }

  /** Ends the containers; asked again, the shorter grace counts. */
  #end(graceMs: number): void {
    this.#ending.abort();
    if (graceMs >= this.#graceMs) return;
    this.#graceMs = graceMs;
    for (const supervisor of [...this.#init, ...this.#main]) supervisor.stop(graceMs).catch(this.#context.onError);
  }

  /** Removes the object, now that nothing of the pod runs any more. */
  async #delete(): Promise<void> {
    const { namespace, name, uid } = this.identity;
    const { signal, api } = this.#context;
    const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0, preconditions: { uid } };
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    await untilAnswered(signal, () => api.request({ method: "DELETE", path, body, signal })).catch((error: unknown) => {
      if (!isStatus(error, 404, 409)) throw error;
    });
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

/**
 * Makes cluster IPs work: the bridge carries each as an address, and connections to a Service's ports go on to one of
 * its ready pods in turn, or to the API server for the Service `kubernetes`. TCP alone.
 */
import { type ChildProcess, fork } from "node:child_process";
import net, { type Server, type Socket } from "node:net";
import type { V1Endpoints, V1Service, V1ServicePort } from "@kubernetes/client-node";
import { keyOf, type ObjectStore } from "../api/object-store.ts";
import { inNetOf } from "../sandbox/node-network.ts";
import { runShell, SETUP_ENV } from "../sandbox/shell.ts";

export interface ServiceProxyOptions {
  /** Process in whose network namespace the bridge is. */
  readonly bridgePid: number;
  readonly apiServerUrl: URL;
  readonly services: ObjectStore<V1Service>;
  readonly endpoints: ObjectStore<V1Endpoints>;
  readonly onError: (error: unknown) => void;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Listening sockets of one Service, by `address:port`. */
type Listeners = Map<string, Server>;

export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #helper: ChildProcess;
  readonly #listeners = new Map<string, Listeners>();
  readonly #waiting = new Map<number, (server: Server | Error) => void>();
  readonly #sockets = new Set<Socket>();
  readonly #unsubscribe: () => void;
  #work: Promise<void> = Promise.resolve();
  #requests = 0;
  #turn = 0;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    const [nsenter = "", ...enter] = inNetOf(options.bridgePid);
    this.#helper = fork(new URL("./listener-process.ts", import.meta.url), [], {
      execPath: nsenter,
      execArgv: [...enter, process.execPath],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: SETUP_ENV,
    });
    this.#helper.on("message", (message, handle) => this.#onAnswer(message, handle));
    this.#helper.on("error", options.onError);
    this.#unsubscribe = options.services.onChange((service, deleted) => {
      this.#work = this.#work.then(() => this.#apply(service, deleted)).catch(options.onError);
    });
    for (const service of options.services.list()) {
      this.#work = this.#work.then(() => this.#apply(service, false)).catch(options.onError);
    }
  }

  /** Resolves when the Services that are known now can be reached. */
  async settled(): Promise<void> {
    await this.#work;
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#work;
    for (const listeners of this.#listeners.values()) for (const server of listeners.values()) server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#helper.connected) this.#helper.disconnect();
  }

  async #apply(service: V1Service, deleted: boolean): Promise<void> {
    const key = keyOf(service);
    const ip = service.spec?.clusterIP ?? "None";
    const ports = deleted || ip === "None" || ip === "" ? [] : (service.spec?.ports ?? []);
    const wanted = new Map<string, V1ServicePort>(
      ports.filter(({ protocol = "TCP" }) => protocol === "TCP").map((port) => [`${ip}:${port.port}`, port] as const),
    );
    const listeners = this.#listeners.get(key) ?? new Map<string, Server>();
    for (const [address, server] of listeners) {
      if (wanted.has(address)) continue;
      server.close();
      listeners.delete(address);
    }
    if (wanted.size > 0) await this.#onBridge(`ip addr replace ${ip}/32 dev br0`);
    else if (deleted && ip !== "None" && ip !== "") await this.#onBridge(`ip addr del ${ip}/32 dev br0`);
    for (const [address, port] of wanted) {
      if (listeners.has(address)) continue;
      const server = await this.#listen(ip, port.port);
      server.on("connection", (socket) => this.#forward(socket, key, port.port));
      listeners.set(address, server);
    }
    if (listeners.size > 0) this.#listeners.set(key, listeners);
    else this.#listeners.delete(key);
  }

  async #onBridge(line: string): Promise<void> {
    await runShell(line, inNetOf(this.#options.bridgePid));
  }

  #listen(address: string, port: number): Promise<Server> {
    const id = ++this.#requests;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, (answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      this.#helper.once("exit", () => reject(new Error("the listener process has ended")));
      this.#helper.send({ id, address, port });
    });
  }

  #onAnswer(message: unknown, handle: unknown): void {
    if (typeof message !== "object" || message === null || !("id" in message) || typeof message.id !== "number") return;
    const answer = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (handle instanceof net.Server) answer?.(handle);
    else answer?.(new Error("error" in message ? `${message.error}` : "no socket"));
  }

  #forward(socket: Socket, serviceKey: string, servicePort: number): void {
    const target = this.#pick(serviceKey, servicePort);
    if (target === undefined) {
      socket.resetAndDestroy();
      return;
    }
    const upstream = net.connect(target);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      this.#sockets.add(one);
      one.setNoDelay(true);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroySoon();
      });
      one.pipe(other);
    }
  }

  #pick(serviceKey: string, servicePort: number): Target | undefined {
    if (serviceKey === "default/kubernetes") {
      return { host: this.#options.apiServerUrl.hostname, port: Number(this.#options.apiServerUrl.port) };
    }
    const [namespace = "", name = ""] = serviceKey.split("/");
    const portName = this.#options.services
      .get(namespace, name)
      ?.spec?.ports?.find(({ port }) => port === servicePort)?.name;
    const targets = (this.#options.endpoints.get(namespace, name)?.subsets ?? []).flatMap((subset) => {
      const ports = subset.ports ?? [];
      const port = ports.length === 1 ? ports[0] : ports.find((candidate) => candidate.name === portName);
      return port === undefined ? [] : (subset.addresses ?? []).map(({ ip }) => ({ host: ip, port: port.port }));
    });
    return targets[this.#turn++ % Math.max(targets.length, 1)];
  }
}

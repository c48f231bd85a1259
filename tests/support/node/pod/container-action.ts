/** One exec, HTTP or TCP action against a container: what probes and lifecycle hooks are made of. */
import http from "node:http";
import https from "node:https";
import net from "node:net";
import type { V1Container, V1HTTPGetAction, V1TCPSocketAction } from "@kubernetes/client-node";

export interface Action {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: V1HTTPGetAction;
  readonly tcpSocket?: V1TCPSocketAction;
}

export interface ActionTarget {
  readonly container: V1Container;
  readonly podIp: string;
  /** Runs a command in the container to its end, killed after the time. */
  exec(argv: readonly string[], timeoutMs: number): Promise<{ readonly exitCode: number; readonly output: string }>;
}

/** @throws Error with the reason when the action fails or takes longer than the time */
export async function runAction(target: ActionTarget, action: Action, timeoutMs: number): Promise<void> {
  if (action.exec) {
    const { exitCode, output } = await target.exec(action.exec.command ?? [], timeoutMs);
    if (exitCode !== 0) throw new Error(`command exited with ${exitCode}: ${output.trim()}`);
  } else if (action.httpGet) await runHttpGet(target, action.httpGet, timeoutMs);
  else if (action.tcpSocket) await runTcp(target, action.tcpSocket, timeoutMs);
}

function portOf(container: V1Container, port: number | string): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  return named ?? Number(port);
}

function runHttpGet(target: ActionTarget, get: V1HTTPGetAction, timeoutMs: number): Promise<void> {
  const options = {
    host: get.host ?? target.podIp,
    port: portOf(target.container, get.port),
    path: get.path ?? "/",
    headers: Object.fromEntries((get.httpHeaders ?? []).map(({ name, value }) => [name, value])),
    signal: AbortSignal.timeout(timeoutMs),
    agent: false,
  } as const;
  return new Promise((resolve, reject) => {
    const onResponse = (response: http.IncomingMessage): void => {
      const status = response.statusCode ?? 0;
      response.destroy();
      if (status >= 200 && status < 400) resolve();
      else reject(new Error(`HTTP probe failed with statuscode: ${status}`));
    };
    // A kubelet does not verify certificates of pods either.
    const request =
      get.scheme === "HTTPS"
        ? https.get({ ...options, rejectUnauthorized: false }, onResponse)
        : http.get(options, onResponse);
    request.on("error", reject);
  });
}

function runTcp(target: ActionTarget, tcp: V1TCPSocketAction, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: tcp.host ?? target.podIp, port: portOf(target.container, tcp.port) });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error("connection timed out")));
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}

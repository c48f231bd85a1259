/** A client and the server that it calls, with the answers that tests choose. */
import { type Clock, systemClock } from "../../../../../shared/clock.ts";
import { KubeError } from "../../../../../shared/kube/client/error.ts";
import { createKubeClient } from "../../../../../shared/kube/client/http.ts";
import type { KubeClient } from "../../../../../shared/kube/client/interface.ts";
import { type Answer, answerJson, aStatus, LocalServer } from "./local-server.ts";

export const BATCHES = { group: "stash.appscode.com", version: "v1beta1", plural: "backupbatches", namespaced: true };
export const NODES = { group: "", version: "v1", plural: "nodes", namespaced: false };

export const opened: { stop(): Promise<void> | void }[] = [];

/** For the `afterEach` of a test file: this module is loaded once for several. */
export async function stopOpened(): Promise<void> {
  for (const one of opened.splice(0).reverse()) await one.stop();
}

/** All waits are twenty times as short as they would be; back-off takes the shortest it may, since random is 0. */
export const HASTE = 20;
const hastyClock: Clock = { ...systemClock, after: (delayMs, task) => systemClock.after(delayMs / HASTE, task) };

export async function aClient(
  answer: Answer,
  token?: () => string,
  clock: Clock = hastyClock,
): Promise<{ client: KubeClient; server: LocalServer }> {
  const server = await LocalServer.start(answer);
  const client = createKubeClient({
    connection: server.connection(token),
    program: "test",
    clock,
    random: () => 0,
  });
  opened.push(server, { stop: () => client.close() });
  return { client, server };
}

/** Answers the first requests with the given ones, all others with the last. */
export function inTurn(...answers: readonly Answer[]): Answer {
  let turn = 0;
  return (request, response) => {
    const answer = answers[Math.min(turn, answers.length - 1)];
    turn += 1;
    answer?.(request, response);
  };
}

export const ok: Answer = (_, response) => answerJson(response, 200, { metadata: { name: "a" } });
export const cut: Answer = (_, response) => response.socket?.destroy();
export const refuse =
  (code: number, reason: string, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    answerJson(response, code, aStatus(code, reason), headers);

export async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof KubeError) return thrown;
  throw new Error(`expected a KubeError, got ${String(thrown)}`);
}

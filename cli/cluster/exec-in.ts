/** Runs commands in containers, with outputs of any size. */
import { once } from "node:events";
import { Writable } from "node:stream";
import { Exec, type KubeConfig, type V1Status } from "@kubernetes/client-node";
import { UserError } from "../../shared/errors.ts";
import { textAt } from "../../shared/json/value.ts";
import { kubeErrorOfAnswer } from "../../shared/kube/client/error.ts";
import { parseExecEnd } from "../../shared/kube/exec/protocol.ts";
import { EXEC_LIMITS, execOpener, watchSilence } from "./exec-socket.ts";
import { explainFailure } from "./failure.ts";
import type { ExecChoice } from "./interface.ts";
import { buildMissingRight } from "./missing-right.ts";
import { POD_EXEC } from "./resources.ts";

/** @throws UserError when the connection breaks or falls silent before the command's end is known; what the signal was aborted with */
export async function execIn(
  config: KubeConfig,
  address: string,
  namespace: string,
  { pod, container, command, stdin, stdout, stderr, signal }: ExecChoice,
  limits = EXEC_LIMITS,
): Promise<number> {
  signal?.throwIfAborted();
  let status: V1Status | undefined;
  const pace: { slow: (isFull: boolean) => void } = { slow: () => undefined };
  const output = paced(stdout, (isFull) => pace.slow(isFull));
  const errors = paced(stderr, () => undefined);
  const ended = Promise.all([once(output, "close"), once(errors, "close")]);
  const failed = new Promise<never>((_resolve, reject) => {
    for (const stream of [output, errors]) stream.once("error", reject);
  });
  const socket = await new Exec(config, execOpener(config, limits, signal))
    .exec(namespace, pod, container, [...command], output, errors, stdin ?? null, false, (end) => {
      status = end;
    })
    .catch((thrown: unknown) => {
      // Nobody writes to them any more.
      ended.catch(() => undefined);
      failed.catch(() => undefined);
      signal?.throwIfAborted();
      throw explainRefusal(thrown, address, namespace, pod);
    });
  pace.slow = (isFull) => (isFull ? socket.pause() : socket.resume());
  const closed = once(socket, "close").then(() => {
    // Without an end from the other side nobody else ends them.
    output.end();
    errors.end();
  });
  const watch = watchSilence(socket, limits);
  try {
    const silent = watch.silent.then(() => {
      throw brokenConnection(namespace, pod, "fell silent");
    });
    await Promise.race([Promise.all([ended, closed]), failed, silent, aborted(signal)]);
  } catch (thrown) {
    // A side that does not answer does not answer a close either.
    socket.terminate();
    throw thrown;
  } finally {
    watch.stop();
    socket.close();
  }
  if (status === undefined) throw brokenConnection(namespace, pod, "broke");
  const end = parseExecEnd(JSON.stringify(status));
  if (end.kind === "exited") return end.exitCode;
  throw new UserError("API_UNAVAILABLE", `the command was not run in ${namespace}/${pod}: ${end.detail}`, {
    next: "look at the pod with kubectl describe",
  });
}

function brokenConnection(namespace: string, pod: string, how: string): UserError {
  return new UserError("API_UNAVAILABLE", `the connection to ${namespace}/${pod} ${how} before the command had ended`, {
    next: "run it again",
  });
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise<never>((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A refusal to open the way has no body that the library would hand on. */
function explainRefusal(thrown: unknown, address: string, namespace: string, pod: string): Error {
  const action = `run a command in ${namespace}/${pod}`;
  const right = { verb: "create", resource: POD_EXEC, namespace };
  const words = textAt(thrown, "message") ?? "";
  const status = Number(/Unexpected server response: (\d{3})/.exec(words)?.[1]);
  if (status === 403) return buildMissingRight(kubeErrorOfAnswer(action, status, words), right);
  if (status > 0) return kubeErrorOfAnswer(action, status, words);
  return explainFailure(thrown instanceof Error ? thrown : new Error(words, { cause: thrown }), { action, address });
}

/** Hands on what comes, and tells when the receiver is behind and when it no longer is. */
function paced(into: Writable, tell: (isFull: boolean) => void): Writable {
  into.once("error", (error) => stream.destroy(error));
  const stream: Writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (into.write(chunk)) {
        done();
        return;
      }
      tell(true);
      into.once("drain", () => {
        tell(false);
        done();
      });
    },
    final(done) {
      into.end();
      if (into.writableFinished) done();
      else into.once("finish", () => done());
    },
  });
  return stream;
}

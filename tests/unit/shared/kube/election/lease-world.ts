/** One Lease kept by the rules of the API server, and contenders whose calls can go astray on their way to it. */
import { expect } from "vitest";
import type { Clock } from "../../../../../shared/clock.ts";
import { isJsonObject, textAt } from "../../../../../shared/json/value.ts";
import { KubeError } from "../../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../../shared/kube/client/interface.ts";
import { LeaderElection, type LeaderElectionOptions } from "../../../../../shared/kube/election/lease.ts";

/** What becomes of a call on its way. */
export type Fate = "arrives" | "lost" | "answerLost" | "hangs" | "arrivesLate" | "answeredSlowly";

/** One Lease, kept by the rules of the API server: a write must name the version it changes. */
export class LeaseKeeper {
  object: Readonly<Record<string, unknown>> | undefined;
  #version = 0;

  read(): unknown {
    return this.object;
  }

  write(body: unknown, isCreate: boolean): unknown {
    if (!isJsonObject(body)) throw new TypeError("no object");
    if (isCreate && this.object !== undefined) throw anError(409, "AlreadyExists");
    if (!isCreate && this.object === undefined) throw anError(404, "NotFound");
    const version = textAt(body, "metadata", "resourceVersion");
    if (!isCreate && version !== textAt(this.object, "metadata", "resourceVersion")) throw anError(409, "Conflict");
    this.#version += 1;
    this.object = { ...body, metadata: { ...Object(body["metadata"]), resourceVersion: String(this.#version) } };
    return this.object;
  }

  get holder(): string | undefined {
    return textAt(this.object, "spec", "holderIdentity");
  }
}

function anError(status: number, reason: string): KubeError {
  return new KubeError({ action: "call", status, reason, detail: "d" });
}

/** Nobody waits for the answer of a call that arrives late. */
function ignoreRefusal(work: () => unknown): void {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(KubeError);
  }
}

/** A contender's own way to the keeper; `fate` says what becomes of its next calls. */
export function wayTo(keeper: LeaseKeeper, clock: Clock, fate: () => Fate): LeaderElectionOptions["client"] {
  async function call(timeoutMs: number, work: () => unknown): Promise<unknown> {
    const now = fate();
    if (now === "lost") throw anError(0, "NotConnected");
    if (now === "hangs" || now === "arrivesLate") {
      if (now === "arrivesLate") clock.after(timeoutMs * 3, () => ignoreRefusal(work));
      await new Promise<void>((resolve) => clock.after(timeoutMs, resolve));
      throw anError(0, "TimedOut");
    }
    const result = work();
    if (now === "answeredSlowly") await new Promise<void>((resolve) => clock.after(timeoutMs * 0.8, resolve));
    if (now === "answerLost") throw anError(0, "ConnectionLost");
    return result;
  }
  const client: Pick<KubeClient, "find" | "create" | "update"> = {
    find: async (_resource, _namespace, _name, parse, options) => {
      const found = await call(options?.timeoutMs ?? 0, () => keeper.read());
      return found === undefined ? undefined : parse(found);
    },
    create: async (_resource, _namespace, body, parse, options) =>
      parse(await call(options?.timeoutMs ?? 0, () => keeper.write(body, true))),
    update: async (_resource, _namespace, body, parse, options) =>
      parse(await call(options?.timeoutMs ?? 0, () => keeper.write(body, false))),
  };
  return client;
}

export interface Contender {
  readonly election: LeaderElection;
  readonly calls: string[];
  fate: Fate;
}

export function aContender(
  keeper: LeaseKeeper,
  clock: Clock,
  identity: string,
  onLost?: () => Promise<void>,
): Contender {
  const calls: string[] = [];
  const contender: { fate: Fate; calls: string[] } = { fate: "arrives", calls };
  const election = new LeaderElection({
    client: wayTo(keeper, clock, () => contender.fate),
    namespace: "stash-batch",
    name: "lease",
    identity,
    onAcquired: () => calls.push("acquired"),
    onLost: async (why) => {
      calls.push(`lost: ${why}`);
      await onLost?.();
    },
    onFault: () => calls.push("fault"),
    clock,
    random: () => 0,
  });
  return Object.assign(contender, { election });
}

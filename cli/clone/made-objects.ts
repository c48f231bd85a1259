/** What a command makes for a time: it goes again, and whatever can't is told with the command that takes it away. */
import { UserError } from "../../shared/errors.ts";
import { isAlreadyExists, toUserError } from "../../shared/kube/client/error.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { Cluster } from "../cluster/interface.ts";
import { patiently } from "../cluster/patience.ts";
import type { LeavesBehind } from "../program/command.ts";

interface Named {
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Made {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /** Whether it stays when all went well. */
  readonly isResult: boolean;
  /** Whether the API server has said that it is made. */
  readonly isCertain: boolean;
}

export interface MadeObjects {
  /** Makes what goes again; what is there already stays. @returns whether it was made */
  lend(resource: Resource, namespace: string, object: Named): Promise<boolean>;
  /** Makes what stays, if all goes well. */
  give(resource: Resource, namespace: string, object: Named): Promise<void>;
  /** From now on a failure is none of what was given. */
  succeed(): void;
  /** Takes away, newest first, what is not to stay. Never throws: what is left is told. */
  tidy(): Promise<void>;
}

export interface MadePorts {
  readonly cluster: Pick<Cluster, "create" | "remove">;
  readonly note: (text: string) => void;
  readonly leavesBehind: LeavesBehind;
}

/** For each object. */
const REMOVE_MS = 30_000;

export function createMadeObjects({ cluster, note, leavesBehind }: MadePorts): MadeObjects {
  let made: readonly Made[] = [];
  let hasSucceeded = false;
  let isEnding = false;
  let atWork: Promise<void> = Promise.resolve();

  function remember(next: readonly Made[]): void {
    made = next;
    announce(made);
  }

  /** What Ctrl-C would leave, and takes away. */
  function announce(left: readonly Made[]): void {
    const commands = [...left].reverse().map(formatRemoval);
    const text = left.length === 0 ? undefined : `what was made is left; remove it: ${commands.join("; ")}`;
    leavesBehind(text, tidyOnce);
  }

  async function make(resource: Resource, namespace: string, object: Named, isResult: boolean): Promise<void> {
    if (isEnding) throw new UserError("CANCELLED", "ended by Ctrl-C", { next: "run it again" });
    const making = makeNow(resource, namespace, object, isResult);
    atWork = making.catch(() => undefined);
    await making;
  }

  async function makeNow(resource: Resource, namespace: string, object: Named, isResult: boolean): Promise<void> {
    const { name } = object.metadata;
    const one = { resource, namespace, name, isResult };
    // Ctrl-C may come while nobody knows yet whether it is there.
    announce([...made, { ...one, isCertain: false }]);
    try {
      await cluster.create(resource, namespace, object);
    } catch (thrown) {
      // No answer is no refusal: it may be there. One that was there before would be the same.
      const isUnanswered = !isAlreadyExists(thrown) && toUserError(thrown).code === "API_UNAVAILABLE";
      remember(isUnanswered ? [...made, { ...one, isCertain: false }] : made);
      throw thrown;
    }
    note(`${resource.plural}/${name} made in ${namespace}`);
    remember([...made, { ...one, isCertain: true }]);
  }

  async function tidy(): Promise<void> {
    isEnding = true;
    // What is being made is made, or not, before anything is taken away.
    await atWork;
    const left: Made[] = [];
    for (const one of [...made].reverse()) {
      if (hasSucceeded && one.isResult) continue;
      const why = one.isCertain ? await remove(one) : "it is not known whether it was made";
      if (why === undefined) continue;
      left.unshift(one);
      note(
        `left behind: ${one.resource.plural} ${one.namespace}/${one.name} (${why}); remove it: ${formatRemoval(one)}`,
      );
    }
    made = left;
    leavesBehind(undefined);
  }

  /** @returns why it is left */
  async function remove({ resource, namespace, name }: Made): Promise<string | undefined> {
    try {
      await patiently(() => cluster.remove(resource, namespace, name), { until: performance.now() + REMOVE_MS });
      return undefined;
    } catch (thrown) {
      return toUserError(thrown).message;
    }
  }

  let tidying: Promise<void> | undefined;
  function tidyOnce(): Promise<void> {
    tidying ??= tidy();
    return tidying;
  }

  return {
    async lend(resource, namespace, object) {
      try {
        await make(resource, namespace, object, false);
        return true;
      } catch (thrown) {
        if (isAlreadyExists(thrown)) return false;
        throw thrown;
      }
    },
    give: (resource, namespace, object) => make(resource, namespace, object, true),
    succeed() {
      hasSucceeded = true;
    },
    tidy: tidyOnce,
  };
}

function formatRemoval({ resource, namespace, name }: Made): string {
  const type = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
  return `kubectl delete ${type} ${name} -n ${namespace}`;
}

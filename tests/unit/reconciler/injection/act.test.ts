/** What stands in the process's memory at the moment that a workload's annotations say that it is held. */
import { expect, test } from "vitest";
import { type ActPorts, actOnTrouble } from "../../../../reconciler/injection/act.ts";
import type { Refusal } from "../../../../reconciler/injection/refusal.ts";
import { TargetMemory } from "../../../../reconciler/injection/target-memory.ts";
import { createWorld } from "../../../../reconciler/world/informers.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { createLogger } from "../../../../shared/log.ts";
import { aPlan, aWorkload, HASH, IMAGE } from "./builders.ts";

const TARGET = "Deployment/demo/web";
const TROUBLE = { kind: "NotReady", words: "pod web-1: container stash: ErrImagePull", sinceMs: 0 } as const;
const EARLIER: Refusal = { origin: "origin", words: "exceeded quota: team", times: 3, notBeforeMs: 7 };
const never = () => Promise.reject(new Error("is not asked"));

/** Takes the sidecar out. @param fault what the API server says to that @param earlier what is remembered before */
async function takeOut({ fault, earlier }: { readonly fault?: KubeError; readonly earlier?: Refusal }) {
  const refusals = new TargetMemory<Refusal>();
  if (earlier !== undefined) refusals.set(TARGET, earlier);
  const whenHeld: (string | undefined)[] = [];
  const events: string[] = [];
  const watched = {
    listPages: async function* () {},
    watch: async function* () {},
  };
  const ports: ActPorts = {
    world: createWorld({ client: watched, onProblem: () => {}, onFail: () => {} }),
    settings: { pullSecrets: [] },
    client: {
      create: never,
      delete: never,
      find: never,
      list: never,
      // From this moment on other controllers see the hold.
      patch: async (_resource, _namespace, _name, _patch, parse) => {
        whenHeld.push(refusals.get(TARGET)?.words);
        if (fault !== undefined) throw fault;
        return parse({ metadata: { name: "web", namespace: "demo", uid: "workload-uid" } });
      },
    },
    records: new TargetMemory(),
    refusals,
    troubles: new TargetMemory(),
    leftOvers: new TargetMemory(),
    events: { record: (_involved, _type, reason, message) => void events.push(`${reason}: ${message}`) },
    clock: systemClock,
    log: createLogger("reconciler", "error"),
  };
  const wanted = { plan: aPlan(), isOptedOut: false, image: IMAGE };
  const facts = {
    workload: aWorkload({ applied: HASH }),
    hold: undefined,
    wanted,
    unheld: wanted,
    isCurrent: true,
    isRestoring: false,
    origin: "origin",
    trouble: TROUBLE,
    leftOver: undefined,
  };
  const id = { kind: "Deployment", namespace: "demo", name: "web" } as const;
  const subject = { target: TARGET, id, facts, signal: new AbortController().signal, keep: () => {} };
  const outcome = await actOnTrouble(ports, subject, TROUBLE).then(
    () => "done",
    (error: unknown) => error,
  );
  return { outcome, whenHeld, remembered: refusals.get(TARGET), events };
}

test("C1, C08: whoever sees that a workload is held finds the words for it", async () => {
  const { outcome, whenHeld, remembered, events } = await takeOut({});
  expect(outcome).toBe("done");
  expect(whenHeld).toEqual([TROUBLE.words]);
  expect(remembered).toMatchObject({ words: TROUBLE.words, times: 1 });
  expect(events).toEqual([`InjectionRefusedByCluster: the workload goes without its backup sidecar: ${TROUBLE.words}`]);
});

test.each([undefined, EARLIER])("what could not be held is not told, and remembered as before: %j", async (earlier) => {
  const fault = new KubeError({ action: "patch", status: 503, reason: "ServiceUnavailable", detail: "later" });
  const { outcome, remembered, events } = await takeOut({ fault, ...(earlier && { earlier }) });
  expect(outcome).toBe(fault);
  expect(remembered).toBe(earlier);
  expect(events).toEqual([]);
});

/**
 * What a pod takes of quotas more than its predecessor, where a quota refuses it: an autoscaler or a policy may give the containers of pods other
 * amounts than the template says. A quota tells what it was asked for, and a pod that is taken shows it. Pure.
 */
import { objectsAt } from "../../shared/injection/workload.ts";
import { isJsonObject, textAt, valueAt } from "../../shared/json/value.ts";
import { readQuantity } from "../../shared/quantity.ts";
import type { PodAnswer } from "./pod-answer.ts";

type Amounts = ReadonlyMap<string, number>;

/**
 * @param added as the template has it
 * @param answer of the pod with the sidecar
 * @param without of the pod without it; undefined where it was not asked about
 */
export function measureAdded(added: Amounts, answer: PodAnswer, without: PodAnswer | undefined): Amounts {
  if (answer.kind === "Taken" || without === undefined) return added;
  const before = without.kind === "Taken" ? amountsOfPod(without.pod) : amountsIn(without.words);
  const measured = new Map(added);
  for (const [name, amount] of amountsIn(answer.words)) {
    const known = before.get(name);
    if (known !== undefined) measured.set(name, amount - known);
  }
  return measured;
}

/** Of `exceeded quota: team, requested: limits.memory=1Gi,requests.memory=64Mi, used: ...`: those that the quota has no room for. */
function amountsIn(words: string): Amounts {
  const list = /requested: ([^ ]{1,2000}), used: /.exec(words)?.[1] ?? "";
  return new Map(
    list.split(",").flatMap((entry): [string, number][] => {
      const [name = "", text = ""] = entry.split("=");
      const amount = readQuantity(text);
      return amount === undefined ? [] : [[name, amount]];
    }),
  );
}

/** Containers that run side by side: init-containers, which may need more for a while, only make a quota's room smaller. */
export function amountsOfPod(pod: unknown): Amounts {
  const amounts = new Map<string, number>();
  const add = (name: string, amount: number): void => void amounts.set(name, (amounts.get(name) ?? 0) + amount);
  for (const container of objectsAt(pod, "spec", "containers")) {
    for (const list of ["requests", "limits"]) {
      const found = valueAt(container, "resources", list);
      for (const name of isJsonObject(found) ? Object.keys(found) : []) {
        const amount = readQuantity(textAt(found, name) ?? "") ?? 0;
        add(`${list}.${name}`, amount);
        if (list === "requests") add(name, amount);
      }
    }
  }
  return amounts;
}

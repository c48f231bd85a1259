/** A quota or LimitRange that changed may let pods in that were refused: they are asked about again at once. */
import type { LimitRange } from "../../shared/injection/limit-range.ts";
import type { World } from "../world/informers.ts";
import type { QuotaFact } from "../world/quota-object.ts";
import type { Refusal } from "./refusal.ts";
import type { TargetMemory } from "./target-memory.ts";

export function wakeRefused(
  world: Pick<World, "limitRanges" | "quotas">,
  refusals: TargetMemory<Refusal>,
  wake: (target: string) => void,
): readonly (() => void)[] {
  const ofNamespace = (namespace: string): void => {
    for (const target of refusals.targets()) {
      const refusal = refusals.get(target);
      if (refusal === undefined || target.split("/")[1] !== namespace) continue;
      refusals.set(target, { ...refusal, notBeforeMs: 0 });
      wake(target);
    }
  };
  const ofRange = ({ namespace }: LimitRange): void => ofNamespace(namespace);
  const ofQuota = ({ namespace }: QuotaFact): void => ofNamespace(namespace);
  return [
    world.limitRanges.subscribe({
      add: ofRange,
      update: (before, after) => {
        if (JSON.stringify(before.items) !== JSON.stringify(after.items)) ofRange(after);
      },
      delete: ofRange,
    }),
    // What is used changes with every pod; that alone is no reason to ask at once.
    world.quotas.subscribe({
      add: ofQuota,
      update: (before, after) => {
        if (JSON.stringify(before.hard) !== JSON.stringify(after.hard)) ofQuota(after);
      },
      delete: ofQuota,
    }),
  ];
}

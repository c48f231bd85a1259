/**
 * The init-container of a restore that is gone. It does no more than end at once, and goes when the reconciler asks for that: it alone sees
 * whether pods still wait in it. Pure.
 */
import { listAt } from "../json/value.ts";
import { containersOf, isInitOf, isRestoreInit } from "./own-parts.ts";
import { isRestoreOver } from "./plan.ts";
import type { InjectionView } from "./view.ts";
import type { JsonObject } from "./workload.ts";

/** Whether the template has the init-container of any restore. */
export function hasRestoreInit(podTemplate: JsonObject): boolean {
  return containersOf(podTemplate).some(isRestoreInit);
}

/**
 * What asks for the init-container to go: it names the restore, so that one that is left from before takes out no other's.
 *
 * @returns undefined while its restore names the workload, or another one still has something to do there
 */
export function askOfLeftOver({
  workload,
  restores,
}: Pick<InjectionView, "restores"> & { readonly workload: { readonly podTemplate: JsonObject } }): string | undefined {
  const init = containersOf(workload.podTemplate).find(isRestoreInit);
  if (init === undefined) return undefined;
  const [kind, name] = ["--invoker-kind", "--invoker-name"].map((flag) => flagOf(init, flag));
  // Who knows which one it belongs to.
  if (!kind || !name) return undefined;
  const isNeeded = restores.some((source) => isInitOf(init, source.invoker) || !isRestoreOver(source));
  return isNeeded ? undefined : `none/${kind}/${name}`;
}

function flagOf(container: JsonObject, flag: string): string | undefined {
  const args = listAt(container, "args").filter((arg) => typeof arg === "string");
  return args.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
}

/**
 * The strategy of a Deployment while one of its restores is open: `Recreate`, so that no pod of before runs beside those that wait
 * for their data. The owner's own is kept in an annotation of the workload, never of its template: nothing restarts for it. Pure; the
 * webhook changes by it, the reconciler finds by it what is still to be put back.
 */
import { Annotation } from "../contract.ts";
import { canonicalJson } from "../hash.ts";
import { isJsonObject, parseJson, textAt, valueAt } from "../json/value.ts";
import { containersOf, isInitOf } from "./own-parts.ts";
import type { RestorePlan } from "./plan.ts";
import type { JsonObject, WorkloadFacts } from "./workload.ts";

/** A workload's strategy and the one that is kept for it. */
export interface StrategyState {
  /** `spec.strategy`; undefined where there is none. */
  readonly strategy: unknown;
  /** Value of the annotation: the owner's strategy as JSON, `null` for none. */
  readonly kept: string | undefined;
}

const RECREATE: JsonObject = { type: "Recreate" };

/** What the workload has. */
export function strategyState({
  strategy,
  annotations,
}: Pick<WorkloadFacts, "strategy" | "annotations">): StrategyState {
  return { strategy, kept: annotations[Annotation.KeptStrategy] };
}

/** As strategyState, from the workload as it came. */
export function readStrategy(raw: unknown): StrategyState {
  return {
    strategy: valueAt(raw, "spec", "strategy"),
    kept: textAt(raw, "metadata", "annotations", Annotation.KeptStrategy),
  };
}

/** Whether the template carries the init-container of a planned restore that has not ended. */
export function isUnderRestore(podTemplate: JsonObject, plan: RestorePlan | undefined): boolean {
  if (plan === undefined || plan.isHolding) return false;
  return containersOf(podTemplate).some((container) => isInitOf(container, plan.invoker));
}

interface StrategyInput {
  readonly kind: string;
  readonly isUnderRestore: boolean;
  readonly state: StrategyState;
  /** Before an update. */
  readonly before?: StrategyState | undefined;
}

/**
 * | # | restore | owner's strategy | the workload gets |
 * |---|---|---|---|
 * | 1 | open, and its init-container is in the template | rolling | `Recreate`; the owner's is kept |
 * | 2 | open, likewise | other | what it has |
 * | 3 | none | any | the owner's; nothing is kept |
 *
 * The owner's is the kept one, unless an update brings another.
 *
 * @returns undefined when the workload has that already
 */
export function decideStrategy(input: StrategyInput): StrategyState | undefined {
  const { kind, state } = input;
  if (kind !== "Deployment") return undefined;
  const own = ownStrategy(state.strategy, keptText(input));
  const isHeld = input.isUnderRestore && isRolling(own) && isAcceptable(own);
  const wanted = isHeld
    ? { strategy: RECREATE, kept: JSON.stringify(own ?? null) }
    : { strategy: own, kept: undefined };
  const isSame = wanted.kept === state.kept && isEqual(wanted.strategy, state.strategy);
  return isSame ? undefined : wanted;
}

/** Who takes the annotation away during a restore and leaves the strategy as it was set, did not mean to lose his own. */
function keptText({ isUnderRestore, state, before }: StrategyInput): string | undefined {
  const isTakenAway = state.kept === undefined && before?.kept !== undefined;
  return isUnderRestore && isTakenAway && isEqual(state.strategy, before.strategy) ? before.kept : state.kept;
}

function ownStrategy(present: unknown, keptJson: string | undefined): unknown {
  const kept = keptJson === undefined ? undefined : readKept(keptJson);
  if (kept === undefined || !isJsonObject(present) || present["type"] !== RECREATE["type"]) return present;
  const { type: _, ...changes } = present;
  if (Object.keys(changes).length === 0) return kept.strategy;
  // A patch of single fields, whose author did not see `Recreate`.
  const own = { ...kept.strategy, ...changes };
  const { rollingUpdate } = changes;
  if (!isJsonObject(rollingUpdate)) return own;
  return { ...own, rollingUpdate: { ...childOf(kept.strategy, "rollingUpdate"), ...rollingUpdate } };
}

/** Anybody who may write the workload may write the annotation: what the API server would refuse counts for nothing. */
function readKept(text: string): { readonly strategy: JsonObject | undefined } | undefined {
  const value = parseJson(text);
  if (value === null) return { strategy: undefined };
  return isJsonObject(value) && isAcceptable(value) ? { strategy: value } : undefined;
}

function isRolling(strategy: unknown): boolean {
  if (strategy === undefined || strategy === null) return true;
  return isJsonObject(strategy) && ["RollingUpdate", "", undefined].some((type) => type === strategy["type"]);
}

/** Whether the API server takes a strategy, as far as its present fields go. */
function isAcceptable(strategy: unknown): boolean {
  if (strategy === undefined || strategy === null) return true;
  if (!isJsonObject(strategy)) return false;
  const { rollingUpdate = null } = strategy;
  if (!isRolling(strategy)) return strategy["type"] === "Recreate" && rollingUpdate === null;
  if (rollingUpdate === null) return true;
  if (!isJsonObject(rollingUpdate)) return false;
  const { maxSurge, maxUnavailable } = rollingUpdate;
  const isMoving = !(isZero(maxSurge) && isZero(maxUnavailable));
  return isShare(maxSurge) && isShare(maxUnavailable) && !isAboveAll(maxUnavailable) && isMoving;
}

/** A number of pods or a part of them; left out too. */
function isShare(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value === "number") return Number.isInteger(value) && value >= 0 && value < 2 ** 31;
  return typeof value === "string" && /^[0-9]{1,9}%$/.test(value);
}

function isZero(value: unknown): boolean {
  return value === 0 || (typeof value === "string" && /^0+%$/.test(value));
}

function isAboveAll(value: unknown): boolean {
  return typeof value === "string" && Number.parseInt(value, 10) > 100;
}

function childOf(object: JsonObject | undefined, key: string): JsonObject {
  const child = object?.[key];
  return isJsonObject(child) ? child : {};
}

function isEqual(a: unknown, b: unknown): boolean {
  return a === b || canonicalJson(a ?? null) === canonicalJson(b ?? null);
}

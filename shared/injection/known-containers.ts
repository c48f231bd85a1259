/**
 * Containers that were built before. Members, Repositories and settings never change in memory, and of the pod template
 * only the user counts, so that the next review of a workload mostly gets the very container of the one before.
 */
import { Annotation } from "../contract.ts";
import {
  type BuiltContainer,
  buildContainer,
  type Ingredients,
  type Mixture,
  mixIngredients,
  type Role,
} from "./container.ts";
import { type PodAmounts, readPodAmounts } from "./container-resources.ts";
import { limitsPods } from "./pod-range.ts";
import { decideRunsAs, type RunsAs } from "./security-context.ts";
import type { InjectionView } from "./view.ts";

interface Known {
  readonly ingredients: Ingredients;
  readonly settings: InjectionView["settings"];
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Text of the workload's annotation. */
  readonly resources: string | undefined;
  readonly limitRanges: InjectionView["limitRanges"];
  readonly amounts: PodAmounts;
  readonly mixture: Mixture;
  readonly runsAs: RunsAs;
  readonly built: BuiltContainer;
}

/** Some kilobytes each. By the oldest member, which names one target and is served in one role. */
const REMEMBERED = 1_000;
const known = new Map<Ingredients[0]["spec"], Known>();

/** Builds the container for members, or finds the one that was built for the same. */
export function provideContainer(view: InjectionView, ingredients: Ingredients, role: Role): BuiltContainer {
  const { workload, namespace, settings } = view;
  const key = ingredients[0].spec;
  const before = known.get(key);
  // Where pods are limited as a whole, the application's own limits count, and these are not remembered.
  const isSame = before !== undefined && isFor(before, view, ingredients) && !limitsPods(view.limitRanges ?? []);
  const mixture = isSame ? before.mixture : mixIngredients(ingredients, namespace.name);
  const { volumeNames } = mixture;
  const override = mixture.settings.container?.securityContext;
  const runsAs = decideRunsAs({ podTemplate: workload.podTemplate, namespace, volumeNames, override });
  if (isSame && isSameRunsAs(before.runsAs, runsAs)) return before.built;
  const built = buildContainer(mixture, runsAs, view, role);
  if (known.size >= REMEMBERED) known.clear();
  const { kind, name, annotations } = workload;
  const resources = annotations[Annotation.Resources];
  const amounts = readPodAmounts(workload.podTemplate);
  const place = { kind, namespace: namespace.name, name, resources, limitRanges: view.limitRanges, amounts };
  known.set(key, { ingredients, settings, ...place, mixture, runsAs, built });
  return built;
}

function isFor(before: Known, view: InjectionView, ingredients: Ingredients): boolean {
  const { workload, namespace, settings } = view;
  return (
    isSameList(before.limitRanges ?? [], view.limitRanges ?? []) &&
    before.settings === settings &&
    before.kind === workload.kind &&
    before.namespace === namespace.name &&
    before.name === workload.name &&
    isSameAmounts(before.amounts, readPodAmounts(workload.podTemplate)) &&
    before.resources === workload.annotations[Annotation.Resources] &&
    before.ingredients.length === ingredients.length &&
    before.ingredients.every((ingredient, index) => isSameIngredient(ingredient, ingredients[index]))
  );
}

function isSameAmounts(a: PodAmounts, b: PodAmounts): boolean {
  return a.isStorageLimited === b.isStorageLimited && isSameList(a.shared, b.shared);
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function isSameIngredient(a: Ingredients[0], b: Ingredients[0] | undefined): boolean {
  return (
    a.invoker === b?.invoker && a.repository === b.repository && a.spec === b.spec && a.volumeMounts === b.volumeMounts
  );
}

function isSameRunsAs(a: RunsAs, b: RunsAs): boolean {
  return a.mode === b.mode && a.user === b.user && a.group === b.group && a.isGuessed === b.isGuessed;
}

/** One thing that an object makes this product do, in the words of Kubernetes' own rights. */

export interface Effect {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  /** Empty for all namespaces. */
  readonly namespace: string;
  /** Undefined for what has no name yet, or for any of them. */
  readonly name?: string;
  /** Field that asks for it, for people; it makes no difference to the effect. */
  readonly from: string;
}

/** What an effect acts on, without the verb and the place. */
export type EffectOn = Pick<Effect, "verb" | "group" | "resource"> & { readonly subresource?: string };

/** Two effects with one key are one. */
function effectKey({ verb, group, resource, subresource, namespace, name }: Effect): string {
  return JSON.stringify([verb, group, resource, subresource ?? "", namespace, name ?? ""]);
}

/** Each effect once, in their order. */
export function distinctEffects(effects: readonly Effect[]): readonly Effect[] {
  const first = new Map<string, Effect>();
  for (const effect of effects) {
    const key = effectKey(effect);
    if (!first.has(key)) first.set(key, effect);
  }
  return [...first.values()];
}

/** `create pods/exec in namespace demo`, `get secrets demo/backend`. */
export function formatEffect({ verb, resource, subresource, namespace, name }: Effect): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  if (namespace === "") return `${verb} ${what}${name === undefined ? "" : ` ${name}`} in all namespaces`;
  return name === undefined ? `${verb} ${what} in namespace ${namespace}` : `${verb} ${what} ${namespace}/${name}`;
}

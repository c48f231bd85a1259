/** Handler of an informer that treats every change alike. */
import type { ChangeHandler } from "../../shared/kube/cache/store.ts";

export function onAny<T>(look: (object: T) => void): ChangeHandler<T> {
  return { add: look, update: (_before, after) => look(after), delete: look };
}

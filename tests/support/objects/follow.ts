/** What a wait looks at again and again: the API server tells of changes, in place of being asked for everything ten times a second. */
import { createInformer } from "../../../shared/kube/cache/informer.ts";
import type { KubeClient, Parse } from "../../../shared/kube/client/interface.ts";
import { objectKey, readObjectMeta } from "../../../shared/kube/object-meta.ts";
import type { Resource, Selection } from "../../../shared/kube/resource.ts";

/** Short, so that an API server that was away is heard as soon as it is back. */
const BACKOFF = { baseMs: 100, maxMs: 1_000 } as const;

export interface Followed<T> extends Selection {
  readonly resource: Resource;
  /** All namespaces when undefined. */
  readonly namespace: string | undefined;
  readonly parse: Parse<T>;
}

/**
 * Keeps objects current while `act` waits for what they become.
 *
 * @param act `read` returns the objects as they are now, in the order of their names
 * @returns what `act` returns
 * @throws what the first list or `act` throws; what `parse` throws comes from `read`
 */
export async function follow<T, R>(
  client: KubeClient,
  { resource, namespace, parse, ...selection }: Followed<T>,
  act: (read: () => readonly T[]) => Promise<R>,
): Promise<R> {
  const { items } = await client.list(resource, namespace, parse, selection);
  let unreadable: { readonly error: unknown } | undefined;
  let isFilled = false;
  const informer = createInformer({
    client,
    resource,
    namespace,
    ...selection,
    transform: (object) => ({ key: keyOf(object), object: parse(object) }),
    indexes: {},
    onProblem: (problem) => {
      if (problem.kind === "Unreadable") unreadable = problem;
    },
    timings: { backoff: BACKOFF },
  });
  const noteFilled = () => {
    isFilled = true;
  };
  informer.hasSynced().then(noteFilled, () => undefined);
  let looks = 0;
  const read = () => {
    // Who finds at once what was wanted needs no watch.
    if (++looks === 2) informer.start();
    if (unreadable !== undefined) throw unreadable.error;
    if (!isFilled) return items;
    const held = informer.list().toSorted((a, b) => (a.key < b.key ? -1 : 1));
    return held.map(({ object }) => object);
  };
  try {
    return await act(read);
  } finally {
    await informer.stop();
  }
}

/** As follow, of one object alone; `read` returns undefined while there is none. */
export function followOne<T, R>(
  client: KubeClient,
  resource: Resource,
  namespace: string | undefined,
  name: string,
  parse: Parse<T>,
  act: (read: () => T | undefined) => Promise<R>,
): Promise<R> {
  const fieldSelector = `metadata.name=${name}`;
  return follow(client, { resource, namespace, parse, fieldSelector }, (read) => act(() => read()[0]));
}

function keyOf(object: unknown): string {
  const meta = readObjectMeta(object);
  return meta === undefined ? "" : objectKey(meta.namespace, meta.name);
}

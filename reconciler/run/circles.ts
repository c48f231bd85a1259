/** Which members wait for themselves. Pure, and linear in members and dependencies, without recursion. */

export interface Waiting {
  /** Members that a name stands for. */
  readonly waitsFor: (name: string) => readonly number[];
  /** Each member waits for all before it, too. */
  readonly isSequential: boolean;
}

/**
 * Finds the members on a circle, by Tarjan's strongly connected components. A name is a node of its own, so that many members
 * that wait for one name cost one edge each; and waiting for all earlier members is waiting for the one before.
 *
 * @param dependsOn names that each member waits for
 * @returns indices of members that wait for themselves
 */
export function findCircles(dependsOn: readonly (readonly string[])[], waiting: Waiting): ReadonlySet<number> {
  const nodes = buildNodes(dependsOn, waiting);
  const found = new Set<number>();
  const orders = new Array<number>(nodes.length).fill(0);
  const lows = new Array<number>(nodes.length).fill(0);
  const isOpen = new Array<boolean>(nodes.length).fill(false);
  const component: number[] = [];
  let order = 0;
  for (let root = 0; root < dependsOn.length; root++) {
    if (orders[root] !== 0) continue;
    const way: { readonly node: number; next: number }[] = [];
    const enter = (node: number): void => {
      orders[node] = lows[node] = ++order;
      isOpen[node] = true;
      component.push(node);
      way.push({ node, next: 0 });
    };
    enter(root);
    for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
      const { node } = at;
      const to = nodes[node]?.[at.next++];
      if (to !== undefined) {
        if (orders[to] === 0) enter(to);
        else if (isOpen[to]) lows[node] = Math.min(lows[node] ?? 0, orders[to] ?? 0);
        continue;
      }
      way.pop();
      const before = way.at(-1)?.node;
      if (before !== undefined) lows[before] = Math.min(lows[before] ?? 0, lows[node] ?? 0);
      if (lows[node] !== orders[node]) continue;
      const closed = component.splice(component.lastIndexOf(node));
      for (const one of closed) isOpen[one] = false;
      if (closed.length > 1) for (const one of closed) if (one < dependsOn.length) found.add(one);
    }
  }
  return found;
}

/** Where each node leads: members first, then one node a name. */
function buildNodes(
  dependsOn: readonly (readonly string[])[],
  { waitsFor, isSequential }: Waiting,
): readonly (readonly number[])[] {
  const nodes: (readonly number[])[] = [];
  const byName = new Map<string, number>();
  const names: string[] = [];
  const nodeOf = (name: string): number => {
    const known = byName.get(name);
    if (known !== undefined) return known;
    const node = dependsOn.length + names.push(name) - 1;
    byName.set(name, node);
    return node;
  };
  for (const [index, wanted] of dependsOn.entries()) {
    nodes.push([...(isSequential && index > 0 ? [index - 1] : []), ...wanted.map(nodeOf)]);
  }
  return [...nodes, ...names.map(waitsFor)];
}

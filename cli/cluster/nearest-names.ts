/** Names that somebody may have meant. Pure. */

const MOST = 3;

/** The nearest of the names that there are, best first; none where nothing is near. */
export function nearestNames(wanted: string, names: Iterable<string>, most: number = MOST): readonly string[] {
  // Of a short word little is left when two of its letters are others.
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const ranked = [...new Set(names)].map((name) => ({ name, distance: distanceOf(wanted, name) }));
  return ranked
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}

function distanceOf(wanted: string, name: string): number {
  const [a, b] = [wanted.toLowerCase(), name.toLowerCase()];
  // A part of the name is what people remember of it.
  if (a.length > 2 && b.includes(a)) return 1;
  return editDistance(a, b);
}

/** Insertions, deletions, changes and swaps of neighbours that make one text of the other. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_one, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let at = 1; at <= b.length; at++) {
      const isSame = a[row - 1] === b[at - 1];
      const cost = Math.min((last[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1, (last[at - 1] ?? 0) + (isSame ? 0 : 1));
      const isSwap = row > 1 && at > 1 && a[row - 1] === b[at - 2] && a[row - 2] === b[at - 1];
      next.push(isSwap ? Math.min(cost, (before[at - 2] ?? 0) + 1) : cost);
    }
    before = last;
    last = next;
  }
  return last[b.length] ?? 0;
}

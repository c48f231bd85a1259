/** Waits for several reads at once. */

/**
 * Waits for all of them, however they end.
 *
 * @throws what the first of them in their order threw, and not the first in time: the same cluster always tells the same
 */
export async function allInOrder<T extends readonly unknown[] | []>(
  reads: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(reads);
  return Promise.all(reads);
}

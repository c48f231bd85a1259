/** Time that work takes of the processor, so that a busy machine does not make it seem slow. */

export interface Timed<T> {
  readonly result: T;
  /** Of this thread alone, in milliseconds. */
  readonly cpuMs: number;
}

/** Does the work, which must not wait for anything. */
export function timed<T>(work: () => T): Timed<T> {
  const before = process.threadCpuUsage();
  const result = work();
  const { user, system } = process.threadCpuUsage(before);
  return { result, cpuMs: (user + system) / 1_000 };
}

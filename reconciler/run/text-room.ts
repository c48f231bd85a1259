/**
 * How long texts in a status may be: less the more hosts write some, so that an object stays within 256 KiB, of which etcd
 * takes 1.5 MiB at most and every watcher is sent the whole at each change. Pure.
 */

/** Characters that the texts of all hosts may take together; what is left is for the entries themselves. */
const ALL_HOSTS = 160_000;

export interface TextRoom {
  readonly text: number;
  /** Of a hook that failed. */
  readonly output: number;
  /** Of one that succeeded, which nobody reads much. */
  readonly goodOutput: number;
  readonly warnings: number;
  readonly warning: number;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, Math.floor(value)));
}

/** @param writers how many hosts, or hooks, share the room */
export function textRoom(writers: number): TextRoom {
  const room = ALL_HOSTS / Math.max(1, writers);
  return {
    text: clamp(room / 8, 96, 2_048),
    output: clamp(room / 4, 64, 4_096),
    goodOutput: clamp(room / 16, 32, 256),
    warnings: clamp(room / 1_024, 1, 30),
    warning: clamp(room / 16, 64, 512),
  };
}

export function cutText(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}

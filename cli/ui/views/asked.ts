/** What a page asks. */
import type { Told } from "../history/older-days.ts";
import type { WorldView } from "../world.ts";

export type Query = Readonly<Record<string, string | undefined>>;

export interface Asked {
  readonly world: WorldView;
  readonly query: Query;
  readonly nowMs: number;
  /** What a Prometheus tells for this page; undefined where none is asked. */
  readonly told?: Told | undefined;
}

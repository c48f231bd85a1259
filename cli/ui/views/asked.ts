/** What a page asks. */
import type { WorldView } from "../world.ts";

export type Query = Readonly<Record<string, string | undefined>>;

export interface Asked {
  readonly world: WorldView;
  readonly query: Query;
  readonly nowMs: number;
}

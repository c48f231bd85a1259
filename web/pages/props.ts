/** What every page gets. */
import type { Params } from "../route.ts";

export interface PageProps {
  readonly params: Params;
  readonly allowsActions: boolean;
}

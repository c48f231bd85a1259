/** What every page is told beside what it shows, and how the server answers. Types alone: the server of `kubectl stash ui` fills them, the pages show them. */

export interface Notice {
  readonly kind: "missing-right" | "away" | "absent" | "history" | "fault" | "unreadable";
  readonly message: string;
  /** What to do. */
  readonly next?: string | undefined;
  /** RFC 3339: since when what is shown may be old. */
  readonly since?: string | undefined;
}

export interface Envelope<View> {
  readonly now: string;
  /** Whether the first lists are still being read. */
  readonly isLoading: boolean;
  readonly notices: readonly Notice[];
  readonly view: View;
}

export interface Refusal {
  readonly error: { readonly code: string; readonly message: string; readonly next: string };
}

export type Reply<Value> = { readonly value: Value } | Refusal;

export interface About {
  readonly server: string;
  /** Undefined: all namespaces. */
  readonly scope?: string | undefined;
  readonly version: string;
  readonly allowsActions: boolean;
  /** Which Prometheus tells what is older than the cluster knows; undefined: none. */
  readonly history?: string | undefined;
  /** Served in the cluster: who looks, and where the pages of all namespaces are. Undefined where `kubectl stash ui` serves. */
  readonly inCluster?: { readonly user: string; readonly root: string } | undefined;
}

export interface Paged {
  readonly total: number;
  /** From 0. */
  readonly page: number;
  readonly pageSize: number;
}

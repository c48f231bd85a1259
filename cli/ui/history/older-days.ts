/**
 * What a Prometheus remembers, for pages that are shown: read when somebody looks, again when it is old, and kept for a while. A page never
 * waits for it; it changes when the answer is there.
 */
import { messageOf, UserError } from "../../../shared/errors.ts";
import type { ApplicationName } from "../../../web/wire/application.ts";
import type { Notice } from "../../../web/wire/envelope.ts";
import { type Asking, askDays, askRecoveries, askSizes, type Question } from "./questions.ts";
import { readMatrix, type Series } from "./read-matrix.ts";
import type { AskPrometheus } from "./source.ts";
import { readDays, readRecoveries, readSizes, type ToldDays, type ToldRecovery, type ToldSize } from "./told.ts";

/** What a page needs. */
export type Wanted =
  | { readonly page: "overview" }
  | { readonly page: "application"; readonly of: ApplicationName }
  | { readonly page: "repositories" };

/** All that is known at a moment; nothing of it where it was not asked for, or there is no answer yet. */
export interface Told {
  /** Undefined while nothing is known. */
  readonly days?: ReadonlyMap<string, ToldDays> | undefined;
  readonly recoveries?: ReadonlyMap<string, readonly ToldRecovery[]> | undefined;
  readonly sizes?: ReadonlyMap<string, readonly ToldSize[]> | undefined;
  readonly notices: readonly Notice[];
}

export interface History {
  look(wanted: Wanted, nowMs: number): Told;
  onChange(changed: () => void): () => void;
  stop(): void;
}

export interface HistoryOptions {
  readonly ask: AskPrometheus;
  /** How it is called. */
  readonly place: string;
  /** Namespace that is looked at; undefined: all. */
  readonly scope: string | undefined;
  readonly matcher: string | undefined;
}

/** What is drawn is days. */
const FRESH_MS = 5 * 60_000;
const AGAIN_MS = 30_000;
/** Pages that are remembered; each is some megabytes at most. */
const MOST_PAGES = 16;

type Facts = Omit<Told, "notices">;

interface Page {
  facts: Facts;
  /** When it was last asked for. */
  askedMs: number;
  isAsking: boolean;
  fault: Notice | undefined;
}

export function createHistory({ ask, place, scope, matcher }: HistoryOptions): History {
  const pages = new Map<string, Page>();
  const listeners = new Set<() => void>();
  const ending = new AbortController();

  async function range({ promql, startMs, endMs, stepMs }: Question): Promise<readonly Series[]> {
    const query = {
      query: promql,
      start: String(startMs / 1_000),
      end: String(endMs / 1_000),
      step: String(stepMs / 1_000),
    };
    return readMatrix(await ask("/api/v1/query_range", query, ending.signal));
  }

  async function days(asking: Asking, of: ApplicationName | undefined) {
    const { points, good, missed } = askDays(asking, of);
    const answers = await Promise.all([range(points), range(good), range(missed)]);
    return readDays({ points: answers[0], good: answers[1], missed: answers[2] });
  }

  async function read(wanted: Wanted, nowMs: number): Promise<Facts> {
    const asking = { namespace: scope, matcher, nowMs };
    if (wanted.page === "overview") return { days: await days(asking, undefined) };
    if (wanted.page === "repositories") return { sizes: readSizes(await range(askSizes(asking))) };
    const { provenAt, seconds } = askRecoveries({ ...asking, namespace: wanted.of.namespace });
    const [told, ...answers] = await Promise.all([days(asking, wanted.of), range(provenAt), range(seconds)]);
    return { days: told, recoveries: readRecoveries(...answers) };
  }

  async function refresh(page: Page, wanted: Wanted, nowMs: number): Promise<void> {
    page.isAsking = true;
    page.askedMs = nowMs;
    try {
      page.facts = await read(wanted, nowMs);
      page.fault = undefined;
    } catch (thrown) {
      if (ending.signal.aborted) return;
      page.fault = noticeOf(thrown, place);
    } finally {
      page.isAsking = false;
    }
    for (const changed of listeners) changed();
  }

  return {
    look(wanted, nowMs) {
      const key = JSON.stringify(wanted);
      const page = pages.get(key) ?? {
        facts: {},
        askedMs: Number.NEGATIVE_INFINITY,
        isAsking: false,
        fault: undefined,
      };
      // The one that was looked at last is the last that goes.
      pages.delete(key);
      pages.set(key, page);
      for (const [oldest] of pages) {
        if (pages.size <= MOST_PAGES) break;
        pages.delete(oldest);
      }
      const ageMs = nowMs - page.askedMs;
      if (!page.isAsking && ageMs >= (page.fault === undefined ? FRESH_MS : AGAIN_MS))
        void refresh(page, wanted, nowMs);
      return { ...page.facts, notices: page.fault === undefined ? [] : [page.fault] };
    },
    onChange(changed) {
      listeners.add(changed);
      return () => void listeners.delete(changed);
    },
    stop: () => ending.abort(),
  };
}

function noticeOf(thrown: unknown, place: string): Notice {
  const next = thrown instanceof UserError ? thrown.next : "see that it runs and that --prometheus names it";
  return {
    kind: "history",
    message: `nothing older is known, as Prometheus (${place}) can't be asked: ${messageOf(thrown)}`,
    next,
  };
}

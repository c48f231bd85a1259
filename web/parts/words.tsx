/** Small parts: names, states, times, pages of a list. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { formatAge, formatDue, formatNumber, formatTime } from "../format.ts";
import { formatRoute, type Params } from "../route.ts";
import type { Paged } from "../wire/envelope.ts";
import type { Failure } from "../wire/run.ts";

/** A text that somebody else wrote: it can't turn the line around. */
export function Name({ children }: { readonly children: string }): JSX.Element {
  return <bdi class="name">{children}</bdi>;
}

type Tone = "bad" | "warn" | "good" | "busy" | "plain";

const TONES: Readonly<Record<string, readonly [Tone, string]>> = {
  Invalid: ["bad", "✕"],
  Damaged: ["bad", "✕"],
  NotReady: ["bad", "✕"],
  Failing: ["bad", "✕"],
  Failed: ["bad", "✕"],
  Fault: ["bad", "✕"],
  Uncovered: ["bad", "✕"],
  Stale: ["bad", "◷"],
  Unknown: ["warn", "?"],
  NoPoint: ["warn", "○"],
  Paused: ["warn", "‖"],
  Skipped: ["warn", "↷"],
  Stopped: ["warn", "↷"],
  Warning: ["warn", "!"],
  Part: ["warn", "◐"],
  Running: ["busy", "▸"],
  Pending: ["plain", "…"],
  OptedOut: ["plain", "–"],
  Good: ["good", "✓"],
  Ok: ["good", "✓"],
  Succeeded: ["good", "✓"],
  Proven: ["good", "✓"],
  "Drill failed": ["bad", "✕"],
  "Drill at work": ["busy", "▸"],
  "Not proven yet": ["plain", "○"],
  "Not known": ["warn", "?"],
};

const LABELS: Readonly<Record<string, string>> = {
  NotReady: "Not ready",
  NoPoint: "No point yet",
  OptedOut: "Opted out",
  Part: "In part",
};

/** A state as a sign and a word; the colour only repeats it. */
export function State({ value }: { readonly value: string }): JSX.Element {
  const [tone, sign] = TONES[value] ?? ["plain", "·"];
  return (
    <span class={`state ${tone}`}>
      <span aria-hidden="true">{sign}</span> {LABELS[value] ?? value}
    </span>
  );
}

interface TimeProps {
  readonly value: string | undefined;
  readonly nowMs: number;
  /** Of what is yet to come. */
  readonly isDue?: boolean;
}

export function Time({ value, nowMs, isDue = false }: TimeProps): JSX.Element {
  if (value === undefined) return <span class="muted">not known</span>;
  return (
    <time dateTime={value} title={formatTime(value)}>
      {isDue ? formatDue(value, nowMs) : formatAge(value, nowMs)}
    </time>
  );
}

export function FailureBox({ failure }: { readonly failure: Failure }): JSX.Element {
  const { code, member, message, next } = failure;
  return (
    <div class="box bad">
      <p>
        {code !== undefined && <strong>{code}</strong>} {member !== undefined && <Name>{`${member}:`}</Name>}{" "}
        <Name>{message}</Name>
      </p>
      {next !== undefined && <p>Next: {next}</p>}
    </div>
  );
}

interface PagesProps {
  readonly page: string;
  readonly params: Params;
  readonly paged: Paged;
  /** What is listed, such as `applications`. */
  readonly what: string;
  /** Which parameter holds the number. */
  readonly param?: string;
}

/** Where a list is longer than a page: nothing is cut off. */
export function Pages({ page, params, paged, what, param = "page" }: PagesProps): JSX.Element | null {
  const { total, pageSize } = paged;
  const last = Math.ceil(total / pageSize) - 1;
  if (last < 1) return null;
  const to = (at: number) => formatRoute(page, { ...params, [param]: at });
  const from = paged.page * pageSize + 1;
  const until = Math.min(total, from + pageSize - 1);
  return (
    <nav class="pages" aria-label={`Pages of ${what}`}>
      {paged.page > 0 && <a href={to(paged.page - 1)}>Previous</a>}
      <span>
        {formatNumber(from)} to {formatNumber(until)} of {formatNumber(total)} {what}
      </span>
      {paged.page < last && <a href={to(paged.page + 1)}>Next</a>}
    </nav>
  );
}

/** A wide table scrolls in a frame of its own, by keys, too. */
export function Scroll({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** What a program printed: a long one scrolls, by keys, too. */
export function Output({ children }: { readonly children: string }): JSX.Element {
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
  return <pre tabIndex={0}>{children}</pre>;
}

interface FoldedProps {
  readonly summary: string;
  readonly children: () => ComponentChildren;
}

/** What few look at is made when somebody does: it may be thousands of rows. */
export function Folded({ summary, children }: FoldedProps): JSX.Element {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>{summary}</summary>
      {isOpen && children()}
    </details>
  );
}

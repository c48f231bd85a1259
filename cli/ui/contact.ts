/** Whether the API server is heard, and what it refuses, kind by kind. */
import type { KindEntry } from "../../shared/api/kinds.ts";
import { messageOf } from "../../shared/errors.ts";
import type { Informer, InformerProblem } from "../../shared/kube/cache/informer.ts";
import { isForbidden, isNotFound, KubeError } from "../../shared/kube/client/error.ts";
import type { Notice } from "../../web/wire/envelope.ts";
import { buildMissingRight } from "../cluster/missing-right.ts";

export interface ContactView {
  /** Some kind was never read to its end, and nothing says why. */
  readonly isLoading: boolean;
  readonly notices: readonly Notice[];
  /** Kinds that the API server refuses now, whatever was read before, or that were never read. */
  readonly unreadable: ReadonlySet<string>;
  /** Those of them that whoever looks may not see: what was read before is not shown any more either. */
  readonly withheld: ReadonlySet<string>;
}

export interface Contact {
  follow(kind: KindEntry, informer: Followed): void;
  note(kind: KindEntry, problem: InformerProblem): void;
  look(nowMs: number): ContactView;
  stop(): void;
}

type Followed = Pick<Informer<never>, "hasSynced" | "healthy" | "unreadable">;

interface Line {
  readonly kind: KindEntry;
  readonly informer: Followed;
  hasSynced: boolean;
  fault: { readonly error: unknown; readonly atMs: number } | undefined;
}

/** How soon a page tells that the API server is back. */
const LOOK_MS = 1_000;
/** A watch that ends and is opened again within this time is nothing to tell. */
const SHORT_MS = 2_000;

export interface ContactOptions {
  /** Namespace that is read; undefined: all. */
  readonly scope: string | undefined;
  /** What whoever may not look at all namespaces does instead. */
  readonly narrower: string | undefined;
  /** The clock that all times are told by. */
  readonly now: () => number;
}

export function createContact({ scope, narrower, now }: ContactOptions, changed: () => void): Contact {
  const lines = new Map<string, Line>();
  let told = "";
  const timer = setInterval(() => {
    const text = JSON.stringify(lookAt([...lines.values()], { scope, narrower }, now()).notices);
    if (text !== told) changed();
    told = text;
  }, LOOK_MS);
  timer.unref();
  return {
    follow(kind, informer) {
      const line: Line = { kind, informer, hasSynced: false, fault: undefined };
      lines.set(kind.kind, line);
      informer.hasSynced().then(
        () => {
          line.hasSynced = true;
          changed();
        },
        () => undefined,
      );
    },
    note(kind, problem) {
      const line = lines.get(kind.kind);
      if (line !== undefined && problem.kind === "Fault") line.fault = { error: problem.error, atMs: now() };
      changed();
    },
    look: (nowMs) => lookAt([...lines.values()], { scope, narrower }, nowMs),
    stop: () => clearInterval(timer),
  };
}

/** The fault of a line that was not heard since. */
function openFault(
  { fault, informer }: Line,
  nowMs: number,
): (Line["fault"] & { readonly sinceMs: number }) | undefined {
  if (fault === undefined) return undefined;
  const heardMs = nowMs - informer.healthy().ageMs;
  return heardMs > fault.atMs ? undefined : { ...fault, sinceMs: heardMs };
}

interface Looking {
  readonly scope: string | undefined;
  readonly narrower: string | undefined;
}

function lookAt(lines: readonly Line[], looking: Looking, nowMs: number): ContactView {
  const faults = lines.flatMap((line) => {
    const fault = openFault(line, nowMs);
    return fault === undefined ? [] : [{ line, ...fault }];
  });
  const refused = faults.filter(({ error }) => isForbidden(error));
  const absent = faults.filter(({ error }) => isNotFound(error));
  const away = faults.filter(({ error, atMs, line }) => {
    return !isForbidden(error) && !isNotFound(error) && (!line.hasSynced || nowMs - atMs > SHORT_MS || isSilent(error));
  });
  const unreadable = lines.flatMap(({ kind, informer }) =>
    [...informer.unreadable()].map(
      ([key, why]): Notice => ({
        kind: "unreadable",
        message: `${kind.kind} ${key} can't be read as it is now: ${why}`,
        next: "correct the object; what is shown is the last version that could be read",
      }),
    ),
  );
  return {
    isLoading: lines.some(({ kind, hasSynced }) => !hasSynced && !faults.some(({ line }) => line.kind === kind)),
    notices: [
      ...refused.map(({ line, error }) => refusedNotice(line.kind, error, looking)),
      ...awayNotices(away),
      ...absent.map(({ line }) => absentNotice(line.kind)),
      ...unreadable,
    ],
    unreadable: new Set(
      lines.flatMap((line) => (line.hasSynced && !refused.some((one) => one.line === line) ? [] : [line.kind.kind])),
    ),
    withheld: new Set(refused.flatMap(({ line, error }) => (isOfRights(error) ? [line.kind.kind] : []))),
  };
}

/** Of somebody who is known. */
const isOfRights = (error: unknown) => error instanceof KubeError && error.status === 403;
const isSilent = (error: unknown) => error instanceof KubeError && error.status === 0;

function refusedNotice(kind: KindEntry, error: unknown, { scope, narrower }: Looking): Notice {
  if (!(error instanceof KubeError)) return { kind: "fault", message: messageOf(error) };
  if (error.status === 401) {
    return {
      kind: "missing-right",
      message: `the API server does not know who you are any more: ${error.detail}`,
      next: "sign in to the cluster again, as for kubectl",
    };
  }
  const verb = / cannot (\w+) /.exec(error.detail)?.[1] ?? "list";
  const { message, next } = buildMissingRight(error, { verb, resource: kind, namespace: scope }, narrower);
  return { kind: "missing-right", message, next };
}

/** Of a kind that came with a later version. */
function absentNotice({ kind }: KindEntry): Notice {
  return {
    kind: "absent",
    message: `the API server has no ${kind}: the installation is older than this program`,
    next: "update the installation; all else is shown",
  };
}

/** One for all kinds: the API server is one. */
function awayNotices(away: readonly { readonly error: unknown; readonly sinceMs: number }[]): readonly Notice[] {
  const [first] = away;
  if (first === undefined) return [];
  const since = new Date(Math.min(...away.map(({ sinceMs }) => sinceMs))).toISOString().replace(/\.\d+/, "");
  return [
    {
      kind: "away",
      message: `the API server does not answer: ${messageOf(first.error)}`,
      next: "what is shown is as it was then; it goes on by itself when the API server is back",
      since,
    },
  ];
}

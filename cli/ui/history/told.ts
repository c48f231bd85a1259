/** What Prometheus told, as the pages need it. Pure. */
import { textAt } from "../../../shared/json/value.ts";
import type { ApplicationName } from "../../../web/wire/application.ts";
import { WINDOW_MS } from "./questions.ts";
import type { Series } from "./read-matrix.ts";

/** A part of a day in which an application was watched. */
export interface ToldWindow {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Whether the newest run that had ended at some moment of it had failed. */
  readonly isFailed: boolean;
  readonly missedRuns: number;
}

export interface ToldDays {
  /** Of complete points. */
  readonly pointTimes: readonly number[];
  /** Oldest first. */
  readonly windows: readonly ToldWindow[];
}

export interface ToldRecovery {
  readonly verifier: string;
  readonly atMs: number;
  readonly seconds: number;
}

export interface ToldSize {
  readonly atMs: number;
  readonly bytes: number;
}

export const applicationKey = ({ kind, namespace, name }: ApplicationName) => `${kind}/${namespace}/${name}`;

function keyOfLabels(labels: unknown): string {
  const [kind = "", namespace = "", name = ""] = ["invoker_kind", "namespace", "invoker_name"].map((label) =>
    textAt(labels, label),
  );
  return applicationKey({ kind, namespace, name });
}

interface DayAnswers {
  readonly points: readonly Series[];
  readonly good: readonly Series[];
  readonly missed: readonly Series[];
}

/** By application. */
export function readDays({ points, good, missed }: DayAnswers): ReadonlyMap<string, ToldDays> {
  const pointTimes = new Map(
    points.map(({ labels, samples }) => {
      const times = samples.map(({ value }) => value * 1_000).filter((time) => time > 0);
      return [keyOfLabels(labels), [...new Set(times)]];
    }),
  );
  const failed = new Map(
    good.map(({ labels, samples }) => {
      return [keyOfLabels(labels), new Set(samples.filter(({ value }) => value === 0).map(({ atMs }) => atMs))];
    }),
  );
  // Of every application there is a count of what was missed, so it tells when there was somebody to tell.
  return new Map(
    missed.map(({ labels, samples }) => {
      const key = keyOfLabels(labels);
      const windows = samples.map(({ atMs, value }, at): ToldWindow => {
        const before = samples[at - 1];
        const isNext = before !== undefined && atMs - before.atMs <= WINDOW_MS;
        return {
          fromMs: atMs - WINDOW_MS,
          untilMs: atMs,
          isFailed: failed.get(key)?.has(atMs) === true,
          missedRuns: isNext ? Math.max(0, value - before.value) : 0,
        };
      });
      return [key, { pointTimes: pointTimes.get(key) ?? [], windows }];
    }),
  );
}

/** Each recovery once, oldest first, by `NAMESPACE/VERIFIER`. */
export function readRecoveries(
  provenAt: readonly Series[],
  seconds: readonly Series[],
): ReadonlyMap<string, readonly ToldRecovery[]> {
  const keyOf = (labels: unknown) => `${textAt(labels, "namespace")}/${textAt(labels, "verifier")}`;
  const measured = new Map(
    seconds.map(({ labels, samples }) => [keyOf(labels), new Map(samples.map(({ atMs, value }) => [atMs, value]))]),
  );
  return new Map(
    provenAt.map(({ labels, samples }) => {
      const key = keyOf(labels);
      const found = new Map<number, ToldRecovery>();
      for (const { atMs, value } of samples) {
        // A verifier that has proven nothing yet tells since when it is there, and measured nothing.
        const took = measured.get(key)?.get(atMs);
        if (took !== undefined)
          found.set(value, { verifier: textAt(labels, "verifier") ?? "", atMs: value * 1_000, seconds: took });
      }
      return [key, [...found.values()]];
    }),
  );
}

/** By `NAMESPACE/NAME`. */
export function readSizes(sizes: readonly Series[]): ReadonlyMap<string, readonly ToldSize[]> {
  return new Map(
    sizes.map(({ labels, samples }) => [
      `${textAt(labels, "namespace")}/${textAt(labels, "name")}`,
      samples.map(({ atMs, value }) => ({ atMs, bytes: value })),
    ]),
  );
}

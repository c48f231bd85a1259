/** What Prometheus answers to a question over a range of time. Pure. */
import { listAt, parseJson, textAt, valueAt } from "../../../shared/json/value.ts";

export interface Series {
  readonly labels: unknown;
  readonly samples: readonly { readonly atMs: number; readonly value: number }[];
}

/** @throws Error with Prometheus' own words, or when it is no answer of one */
export function readMatrix(text: string): readonly Series[] {
  const answer = parseJson(text);
  const status = textAt(answer, "status");
  if (status === "error") throw new Error(`it says ${textAt(answer, "errorType")}: ${textAt(answer, "error")}`);
  if (status !== "success" || textAt(answer, "data", "resultType") !== "matrix") {
    throw new Error("what answers is no Prometheus");
  }
  return listAt(answer, "data", "result").map((series) => ({
    labels: valueAt(series, "metric"),
    samples: listAt(series, "values").flatMap((pair) => {
      const [at, value] = Array.isArray(pair) ? [Number(pair[0]), Number(pair[1])] : [Number.NaN, Number.NaN];
      return Number.isFinite(at) && Number.isFinite(value) ? [{ atMs: at * 1_000, value }] : [];
    }),
  }));
}

/** Random lives of an invoker: sessions that succeed, fail or save a part, retries, edits of the members, and retention between them. */
import fc from "fast-check";
import type { KeepRules } from "../../../agent/maintain/keep-rules.ts";

/** What became of a host in a session. */
export type HostFate = "saved" | "failed" | "lacks a path" | "not whole" | "marked by tags" | "verdict refused";

export type Step =
  /** One fate for each host that there is; the list is read round and round. */
  | { readonly kind: "session"; readonly fates: readonly HostFate[]; readonly hours: number; readonly isRetry: boolean }
  | { readonly kind: "rename"; readonly member: number }
  | { readonly kind: "add" }
  | { readonly kind: "drop"; readonly member: number }
  | { readonly kind: "scale"; readonly member: number; readonly hosts: number }
  /** What somebody else saves in the same repository, under the same names. */
  | { readonly kind: "neighbour"; readonly of: Neighbour }
  /** Only so many of what is to be removed are; all when undefined. */
  | { readonly kind: "retention"; readonly cutAfter: number | undefined };

export type Neighbour = "other cluster" | "other invoker" | "older tags" | "no tags";

export interface History {
  readonly rules: KeepRules;
  readonly steps: readonly Step[];
}

const fate: fc.Arbitrary<HostFate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<HostFate>("saved") },
  { weight: 2, arbitrary: fc.constant<HostFate>("failed") },
  { weight: 1, arbitrary: fc.constant<HostFate>("lacks a path") },
  { weight: 1, arbitrary: fc.constant<HostFate>("not whole") },
  { weight: 1, arbitrary: fc.constant<HostFate>("marked by tags") },
  { weight: 1, arbitrary: fc.constant<HostFate>("verdict refused") },
);

/** Most sessions are good ones: else there would be hardly a complete point. */
const fates: fc.Arbitrary<readonly HostFate[]> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<readonly HostFate[]>(["saved"]) },
  { weight: 2, arbitrary: fc.array(fate, { minLength: 1, maxLength: 5 }) },
);

const member = fc.nat({ max: 5 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("session" as const),
      fates,
      // Clocks go back too.
      hours: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 1, max: 40 }) },
        { weight: 1, arbitrary: fc.integer({ min: -3, max: 0 }) },
      ),
      isRetry: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rename" as const), member }) },
  { weight: 1, arbitrary: fc.constant({ kind: "add" } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop" as const), member }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("scale" as const), member, hosts: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("neighbour" as const),
      of: fc.constantFrom<Neighbour>("other cluster", "other invoker", "older tags", "no tags"),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("retention" as const),
      cutAfter: fc.oneof(
        { weight: 4, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.nat({ max: 4 }) },
      ),
    }),
  },
);

/** `keepLast` alone, or with other rules, or others alone. */
export const rulesArbitrary: fc.Arbitrary<KeepRules> = fc.oneof(
  fc.record({ keepLast: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    keepLast: fc.integer({ min: 1, max: 3 }),
    keepDaily: fc.nat({ max: 3 }),
    keepMonthly: fc.nat({ max: 2 }),
  }),
  fc.record({
    keepHourly: fc.nat({ max: 2 }),
    keepDaily: fc.integer({ min: 1, max: 4 }),
    keepWeekly: fc.nat({ max: 2 }),
  }),
);

export function historyArbitrary(maxSteps: number): fc.Arbitrary<History> {
  return fc.record({
    rules: rulesArbitrary,
    steps: fc.array(step, { minLength: 4, maxLength: maxSteps, size: "max" }),
  });
}

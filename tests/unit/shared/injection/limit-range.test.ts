import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_RESOURCES } from "../../../../shared/injection/container-resources.ts";
import { fitDefaults, readLimitRange } from "../../../../shared/injection/limit-range.ts";
import { planInjection } from "../../../../shared/injection/plan.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { isAbove } from "../../../../shared/quantity.ts";
import { aBackup, aView } from "../../webhook/builders.ts";

const rangeOf = (item: JsonObject) =>
  readLimitRange({ metadata: { namespace: "demo" }, spec: { limits: [{ type: "Container", ...item }] } });
const fitted = (item: JsonObject) => fitDefaults(DEFAULT_RESOURCES.sidecar, [rangeOf(item)]);

describe("default resources under a LimitRange", () => {
  test("C1: are left to it where it fills them in", () => {
    expect(fitted({ default: { memory: "256Mi" }, defaultRequest: { memory: "128Mi" } })).toEqual({
      requests: { cpu: "10m" },
      limits: { cpu: "1" },
    });
    expect(fitted({ max: { cpu: "200m", memory: "512Mi" } })).toEqual({ requests: {}, limits: {} });
  });

  test("C1: are at least its minimum, and the limit is no less", () => {
    expect(fitted({ min: { cpu: "100m", memory: "2Gi" } })).toEqual({
      requests: { cpu: "100m", memory: "2Gi" },
      limits: { cpu: "1", memory: "2Gi" },
    });
  });

  test("C1: keep its ratio", () => {
    expect(fitted({ maxLimitRequestRatio: { cpu: "4" } })).toMatchObject({
      requests: { cpu: "1", memory: "64Mi" },
      limits: { cpu: "1", memory: "1Gi" },
    });
  });

  test("are not touched by ranges of pods, nor by what can't be read", () => {
    const spec = { limits: [{ type: "Pod", min: { cpu: "9" } }, { type: "Container", min: { cpu: {} } }, 7] };
    const range = readLimitRange({ metadata: { namespace: "demo" }, spec });
    expect(fitDefaults(DEFAULT_RESOURCES.sidecar, [range])).toEqual(DEFAULT_RESOURCES.sidecar);
  });

  test("C1: never break it, once it has filled in the rest", () => {
    const amount = fc.constantFrom("1m", "50m", "500m", "2", "96Mi", "3Gi");
    fc.assert(
      fc.property(fc.option(amount, { nil: undefined }), fc.option(amount, { nil: undefined }), (min, max) => {
        fc.pre(!isAbove(min, max));
        const item = { ...(min && { min: { memory: min } }), ...(max && { max: { memory: max } }) };
        const { requests = {}, limits = {} } = fitted(item);
        const limit = limits["memory"] ?? max;
        const request = requests["memory"] ?? limit;
        expect(isAbove(min, request) || isAbove(limit, max) || isAbove(request, limit)).toBe(false);
      }),
    );
  });

  test("C1: reach the container, and are no part of its hash", () => {
    const view = aView({ backups: [aBackup()] });
    const plain = planInjection(view).backup;
    const ranged = planInjection({ ...view, limitRanges: [rangeOf({ min: { cpu: "100m" } })] }).backup;
    expect(ranged?.container["resources"]).toMatchObject({ requests: { cpu: "100m" } });
    expect(ranged?.hash).toBe(plain?.hash);
    expect(planInjection(view).backup?.container).toEqual(plain?.container);
  });
});

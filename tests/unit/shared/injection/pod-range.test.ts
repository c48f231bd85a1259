import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_RESOURCES, jobResources } from "../../../../shared/injection/container-resources.ts";
import { readLimitRange } from "../../../../shared/injection/limit-range.ts";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { fitToPod, NOTHING_ELSE, readPodLimits } from "../../../../shared/injection/pod-range.ts";
import type { JsonObject } from "../../../../shared/injection/workload.ts";
import { isAbove, readQuantity } from "../../../../shared/quantity.ts";
import { aBackup, aView } from "../../webhook/builders.ts";

const rangeOf = (...limits: readonly JsonObject[]) =>
  readLimitRange({ metadata: { namespace: "demo" }, spec: { limits } });
const podOf = (...limits: readonly (JsonObject | undefined)[]): JsonObject => ({
  spec: { containers: limits.map((own, at) => ({ name: `app-${at}`, ...(own && { resources: { limits: own } }) })) },
});

function fitted(pod: JsonObject, ...limits: readonly JsonObject[]) {
  const ranges = [rangeOf(...limits)];
  return fitToPod(DEFAULT_RESOURCES.sidecar, ranges, readPodLimits(pod, ranges));
}

describe("default resources where pods are limited as a whole", () => {
  test("C1: take what the application's containers leave", () => {
    const pod = podOf({ cpu: "500m", memory: "256Mi" }, { cpu: "0.3", memory: "256Mi" });
    expect(fitted(pod, { type: "Pod", max: { cpu: "1", memory: "1Gi" } })).toEqual({
      requests: { cpu: "10m", memory: "64Mi" },
      limits: { cpu: "200m", memory: String(512 * 1024 ** 2) },
    });
  });

  test("C1: count what the namespace fills in for containers that say nothing", () => {
    const filling = { type: "Container", default: { cpu: "600m" } };
    expect(fitted(podOf(undefined), { type: "Pod", max: { cpu: "1" } }, filling).limits).toMatchObject({ cpu: "400m" });
  });

  test("stay as they are where there is room, where there is none, and where nobody can say", () => {
    const same = DEFAULT_RESOURCES.sidecar;
    expect(fitted(podOf({ cpu: "1" }), { type: "Pod", max: { cpu: "2" } })).toEqual(same);
    expect(fitted(podOf({ cpu: "995m" }), { type: "Pod", max: { cpu: "1" } })).toEqual(same);
    expect(fitted(podOf(undefined), { type: "Pod", max: { cpu: "1" } })).toEqual(same);
    expect(fitted(podOf({ cpu: "?" }), { type: "Pod", max: { cpu: "1" } })).toEqual(same);
  });

  test("C1: keep its ratio", () => {
    const { requests } = fitted(podOf({ memory: "1Gi" }), { type: "Pod", maxLimitRequestRatio: { memory: "2" } });
    expect(requests).toEqual({ cpu: "10m", memory: "1Gi" });
  });

  test("C1: are never more than the rest, nor less than the request", () => {
    const amount = fc.constantFrom("1m", "50m", "500m", "1", "1500m", "2");
    fc.assert(
      fc.property(amount, amount, (own, max) => {
        const { requests, limits } = fitted(podOf({ cpu: own }), { type: "Pod", max: { cpu: max } });
        const rest = (readQuantity(max) ?? 0) - (readQuantity(own) ?? 0);
        const hasRoom = rest >= 0.01;
        expect(isAbove(requests?.["cpu"], limits?.["cpu"])).toBe(false);
        if (hasRoom) expect(readQuantity(limits?.["cpu"] ?? 0)).toBeLessThanOrEqual(rest + 1e-9);
        else expect(limits?.["cpu"]).toBe("1");
      }),
    );
  });

  test("C1: reach sidecars, and jobs whose pod is theirs alone", () => {
    const range = rangeOf({ type: "Pod", max: { memory: "512Mi" } });
    const view = aView({ backups: [aBackup()] });
    const containers = [{ name: "app", image: "app:1", resources: { limits: { memory: "384Mi" } } }];
    const spec = { ...Object(view.workload.podTemplate["spec"]), containers };
    const podTemplate = { ...view.workload.podTemplate, spec };
    const limited = { ...view, workload: { ...view.workload, podTemplate }, limitRanges: [range] };
    const memory = { limits: { memory: String(128 * 1024 ** 2) } };
    expect(planInjection(limited).backup?.container["resources"]).toMatchObject(memory);
    expect(jobResources(undefined, [range]).limits).toMatchObject({ memory: String(512 * 1024 ** 2) });
    expect(fitToPod(DEFAULT_RESOURCES.job, [range], NOTHING_ELSE).limits).toMatchObject({ cpu: "1" });
  });
});

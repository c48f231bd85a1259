import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../shared/errors.ts";
import {
  DEFAULT_RESOURCES,
  mergeResources,
  parseResources,
  readAskedResources,
} from "../../../../shared/injection/container-resources.ts";
import { planInjection } from "../../../../shared/injection/plan.ts";
import { readQuantity } from "../../../../shared/quantity.ts";
import { findResourceFaults } from "../../../../shared/validation/resources.ts";
import { aBackup, aDeployment, aView } from "../../webhook/builders.ts";

const DEFAULTS = DEFAULT_RESOURCES.sidecar;

describe("quantities", () => {
  test.each([
    ["0.7", "700m"],
    ["1.1m", "1100u"],
    ["1.1Ki", "1126.4"],
    ["1e3", "1k"],
    ["2Gi", "2147483648"],
    ["1E", "1e18"],
    [1, "1000m"],
    ["+5", "5"],
    [".5", "500m"],
  ])("%s is %s", (a, b) => {
    expect(readQuantity(a)).toBe(readQuantity(b));
  });

  test.each(["", "1 Gi", "1GB", "a", "1e", "--1", "1K", "1e9i", "9".repeat(65)])("%s is none", (text) => {
    expect(readQuantity(text)).toBeUndefined();
  });
});

describe("resources of a container", () => {
  test("C1, C2: are the installation's where nobody says otherwise, and in them are CPU and memory, requested and limited", () => {
    for (const defaults of Object.values(DEFAULT_RESOURCES)) {
      const { requests, limits } = mergeResources([defaults, undefined, undefined]);
      for (const list of [requests, limits]) expect(Object.keys(list ?? {}).sort()).toEqual(["cpu", "memory"]);
    }
  });

  test("are merged by the resource's name, the last layer first", () => {
    const annotated = parseResources("requests.cpu=20m,limits.ephemeral-storage=1Gi", "x");
    expect(mergeResources([DEFAULTS, annotated, { requests: { cpu: "30m" } }])).toEqual({
      requests: { cpu: "30m", memory: "64Mi" },
      limits: { cpu: "1", memory: "1Gi", "ephemeral-storage": "1Gi" },
    });
  });

  test("have a limit that stands alone as request too, and a request that stands alone raises the limit", () => {
    expect(mergeResources([DEFAULTS, { limits: { cpu: "5m" } }])).toMatchObject({
      requests: { cpu: "5m", memory: "64Mi" },
      limits: { cpu: "5m", memory: "1Gi" },
    });
    expect(mergeResources([DEFAULTS, { requests: { memory: "4Gi" } }])).toMatchObject({
      requests: { memory: "4Gi" },
      limits: { memory: "4Gi" },
    });
  });

  test("keep fields that nobody here knows", () => {
    const unknown = { limits: { "nvidia.com/gpu": 1 }, claims: [{ name: "gpu" }] };
    expect(mergeResources([DEFAULTS, unknown])).toMatchObject({ requests: DEFAULTS.requests, ...unknown });
  });

  const amount = fc.constantFrom("1m", "10m", "1", "64Mi", "1Gi", "2Gi");
  const amounts = fc.dictionary(fc.constantFrom("cpu", "memory", "ephemeral-storage"), amount);
  const layer = fc.record({ requests: amounts, limits: amounts }).filter((one) => findResourceFaults(one).length === 0);

  test("are never more than their limits, whatever layers come together, and say what the last one says", () => {
    fc.assert(
      fc.property(layer, layer, layer, (a, b, c) => {
        const merged = mergeResources([a, b, c]);
        expect(findResourceFaults(merged)).toEqual([]);
        expect(merged.requests ?? {}).toMatchObject(c.requests);
        expect(merged.limits ?? {}).toMatchObject(c.limits);
        for (const name of Object.keys(a.requests)) expect(merged.requests).toHaveProperty([name]);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a list of resources", () => {
  test("is written as a quota names them; an empty one means none", () => {
    expect(parseResources(" requests.cpu=10m, limits.memory=1Gi,limits.nvidia.com/gpu=1", "x")).toEqual({
      requests: { cpu: "10m" },
      limits: { memory: "1Gi", "nvidia.com/gpu": "1" },
    });
    expect(parseResources("", "x")).toEqual({});
  });

  test.each([
    "cpu=1",
    "requests.cpu",
    "requests.cpu=",
    "requests.cpu=lots",
    "requests.cpu=-1",
    "requests.storage=1Gi",
    "requests.nvidia.com/gpu=1",
    "requests.=1",
    "limits.__proto__=1",
    "requests.cpu=2,limits.cpu=1",
    '{"requests":{"cpu":"1"}}',
  ])("%s is refused", (text) => {
    expect(() => parseResources(text, "--flag")).toThrow(UserError);
    const { resources, warning } = readAskedResources({ "stash.appscode.com/resources": text });
    expect(resources).toBeUndefined();
    expect(warning).toContain("annotation stash.appscode.com/resources");
  });
});

describe("a pod that has resources for all its containers together", () => {
  const app = { name: "app", image: "app:1", volumeMounts: [{ name: "data", mountPath: "/data" }] };
  const podOf = (resources?: object) =>
    aDeployment({ podSpec: { containers: [app], ...(resources !== undefined && { resources }) } });
  const backups = [aBackup()];

  test.each([
    [{ requests: { cpu: "60m" }, limits: { cpu: "200m", memory: "256Mi" } }, {}],
    [{ limits: { memory: "256Mi" } }, { requests: { cpu: "10m" }, limits: { cpu: "1" } }],
    [{ requests: { cpu: "1" } }, { requests: { memory: "64Mi" }, limits: { memory: "1Gi" } }],
    [{}, { requests: { cpu: "10m", memory: "64Mi" }, limits: { cpu: "1", memory: "1Gi" } }],
  ])("with %j gets a sidecar with %j: it would be refused with more", (resources, expected) => {
    const { backup, warnings } = planInjection(aView({ workload: podOf(resources), backups }));
    expect(backup?.container["resources"]).toEqual(expected);
    const told = warnings.filter((text) => text.includes("for all its containers"));
    expect(told).toHaveLength(Object.keys(resources).length > 0 ? 1 : 0);
  });

  test("has the last word, also over the workload's annotation, and restarts nobody by itself", () => {
    const resources = { limits: { memory: "256Mi" } };
    const annotations = { "stash.appscode.com/resources": "requests.memory=1Gi,requests.cpu=20m" };
    const asking = aDeployment({ metadata: { annotations }, podSpec: { containers: [app], resources } });
    const { backup } = planInjection(aView({ workload: asking, backups }));
    expect(backup?.container["resources"]).toEqual({ requests: { cpu: "20m" }, limits: { cpu: "1" } });
    const hashOf = (workload: unknown) => planInjection(aView({ workload, backups })).backup?.hash;
    expect(hashOf(podOf(resources))).toBe(hashOf(podOf()));
  });
});

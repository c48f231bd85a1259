import { describe, expect, test } from "vitest";
import { Lookups } from "../../../../reconciler/invoker/lookups.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { ManualClock } from "../../../support/kube/manual-clock.ts";
import { FakeApi } from "../fake-api.ts";

const THINGS = JSON.stringify({
  resources: [
    { name: "things/status", kind: "Thing", namespaced: true },
    { name: "things", kind: "Thing", namespaced: true },
  ],
});

function aCluster() {
  const api = new FakeApi();
  const clock = new ManualClock();
  const asked: string[] = [];
  const lookups = new Lookups(
    {
      find: api.client.find,
      read: async (path) => {
        asked.push(path);
        if (path === "/apis/example.com/v1") return THINGS;
        throw new KubeError({ action: path, status: 404, reason: "NotFound", detail: "" });
      },
    },
    clock,
  );
  return { api, clock, asked, lookups };
}

const thing = { apiVersion: "example.com/v1", kind: "Thing", namespace: "demo", name: "one" };

describe("Secrets", () => {
  test("are asked for once for all invokers that share one, and again after a minute", async () => {
    const { api, clock, lookups } = aCluster();
    api.put("secrets", { metadata: { namespace: "demo", name: "backend" } });
    const answers = await Promise.all(Array.from({ length: 50 }, () => lookups.secret("demo", "backend")));
    expect(new Set(answers)).toEqual(new Set(["found"]));
    expect(api.reads).toBe(1);
    await clock.advance(61_000);
    await lookups.secret("demo", "backend");
    expect(api.reads).toBe(2);
  });

  test("that are missing are looked for again soon", async () => {
    const { api, clock, lookups } = aCluster();
    expect(await lookups.secret("demo", "backend")).toBe("missing");
    api.put("secrets", { metadata: { namespace: "demo", name: "backend" } });
    await clock.advance(3_001);
    expect(await lookups.secret("demo", "backend")).toBe("found");
  });

  test("that are being deleted count as missing", async () => {
    const { api, lookups } = aCluster();
    api.put("secrets", { metadata: { namespace: "demo", name: "backend", deletionTimestamp: "2026-01-01T00:00:00Z" } });
    expect(await lookups.secret("demo", "backend")).toBe("missing");
  });

  test("that can't be read are unknown, in the API server's words", async () => {
    const forbidden = new KubeError({ action: "get secrets", status: 403, reason: "Forbidden", detail: "no rights" });
    const lookups = new Lookups({ find: () => Promise.reject(forbidden), read: async () => "" }, new ManualClock());
    expect(await lookups.secret("demo", "backend")).toEqual({ unknown: expect.stringContaining("no rights") });
  });
});

describe("targets of any kind", () => {
  test("are found through what the API server says of their kind, asked once", async () => {
    const { api, asked, lookups } = aCluster();
    api.put("things", { metadata: { namespace: "demo", name: "one" } });
    expect(await lookups.target(thing)).toBe("found");
    expect(await lookups.target({ ...thing, name: "two" })).toBe("missing");
    expect(asked).toEqual(["/apis/example.com/v1"]);
  });

  test("of a kind that is not served are missing", async () => {
    const { lookups } = aCluster();
    expect(await lookups.target({ ...thing, apiVersion: "absent.example/v1" })).toBe("missing");
    expect(await lookups.target({ ...thing, kind: "Other" })).toBe("missing");
    expect(await lookups.target({ ...thing, apiVersion: "" })).toBe("missing");
  });
});

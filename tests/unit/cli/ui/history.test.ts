/** Which Prometheus is asked, what it is asked, and how its answers are read. What a real one answers is in the cluster's tests. */
import { describe, expect, test } from "vitest";
import { flagValues } from "../../../../cli/program/flag-values.ts";
import { askDays, askSizes } from "../../../../cli/ui/history/questions.ts";
import { readHistoryFlags } from "../../../../cli/ui/history/read-flags.ts";
import { readMatrix } from "../../../../cli/ui/history/read-matrix.ts";
import { createAsk, formatPlace, readPlace } from "../../../../cli/ui/history/source.ts";
import { readDays } from "../../../../cli/ui/history/told.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";

const NOW_MS = Date.UTC(2026, 0, 20);
const read = (values: Readonly<Record<string, unknown>>) => readHistoryFlags(flagValues(values));

describe("the place", () => {
  test("is a Service, which the API server leads to, or an address, whose password is told to nobody", () => {
    const shown = (text: string) => formatPlace(readPlace(text));
    expect(shown("monitoring/prometheus-operated:9090")).toBe("service monitoring/prometheus-operated:9090");
    expect(shown("monitoring/https:prometheus:web/prom")).toBe("service monitoring/https:prometheus:web/prom");
    expect(shown("https://ann:word@prom.example/base/")).toBe("https://prom.example/base/");
  });

  test.each([
    "prometheus",
    "monitoring/prometheus",
    "file:///etc/passwd",
    "http://h/?q=1",
    "../secrets/x:1",
    "a/b:1/../../../namespaces",
    "a/b:1/%2e%2e",
    "a/b:80/proxy?x",
    "",
  ])("%s is none", (text) => {
    expect(() => readPlace(text)).toThrow(/no place of a Prometheus/);
  });

  test("a user or password that can't be read is told, and none is printed", () => {
    expect(() => readPlace("http://a:p%zz@h/")).toThrow(/^--prometheus: its user or password is not percent-encoded/);
    for (const text of ["http://a:secret@h/?x=1", "ftp://a:secret@h/"]) {
      expect(() => readPlace(text)).toThrow(/^--prometheus is no place of a Prometheus/);
    }
  });

  test("with --in-cluster is a Service alone, since an address has nobody's rights", () => {
    expect(() => read({ prometheus: "http://p:9090", inCluster: true })).toThrow(/with each person's own rights/);
    expect(read({ prometheus: "monitoring/p:9090", inCluster: true })?.place.kind).toBe("service");
  });

  test("has a label or none, and a label has a place", () => {
    expect(read({})).toBeUndefined();
    expect(read({ prometheus: "m/p:1", prometheusLabel: 'cluster=a"b' })?.matcher).toBe('cluster="a\\"b"');
    expect(() => read({ prometheusLabel: "cluster=a" })).toThrow(/goes with --prometheus/);
    expect(() => read({ prometheus: "m/p:1", prometheusLabel: 'a="} or up{' })).not.toThrow();
    expect(() => read({ prometheus: "m/p:1", prometheusLabel: "a b=c" })).toThrow(/is no label/);
  });
});

test("a Service is asked below the path that the API server has for it, and a right that lacks is named", async () => {
  const asked: unknown[] = [];
  const { signal } = new AbortController();
  const good = createAsk(readPlace("monitoring/p:web/prom"), {
    read: async (path, query) => {
      asked.push([path, query]);
      return "{}";
    },
  });
  await good("/api/v1/query_range", { query: "up" }, signal);
  expect(asked).toEqual([
    ["/api/v1/namespaces/monitoring/services/p:web/proxy/prom/api/v1/query_range", { query: "up" }],
  ]);
  const detail = "services is forbidden";
  const bad = createAsk(readPlace("monitoring/p:web"), {
    read: () => Promise.reject(new KubeError({ action: "get", status: 403, reason: "Forbidden", detail })),
  });
  await expect(bad("/x", {}, signal)).rejects.toMatchObject({
    message: expect.stringContaining("you lack the right to get services/proxy in namespace monitoring"),
    next: "check it with: kubectl auth can-i get services --subresource=proxy -n monitoring",
  });
});

test("what is asked names the namespace and the application, and no name can end the question", () => {
  const asking = { namespace: "shop", matcher: 'cluster="a"', nowMs: NOW_MS };
  const { points } = askDays(asking, { kind: "BackupBatch", namespace: "shop", name: 'x"} or up{a="' });
  expect(points.promql).toBe(
    "max by (namespace, invoker_kind, invoker_name) (max_over_time(stash_batch_invoker_last_recovery_point_time_seconds" +
      '{namespace="shop",invoker_kind="BackupBatch",invoker_name="x\\"} or up{a=\\"",cluster="a"}[6h]))',
  );
  expect(askSizes({ namespace: undefined, matcher: undefined, nowMs: NOW_MS }).promql).toContain("size_bytes{}[1d]");
});

test("answers that are none are told, and numbers that are none are left out", () => {
  expect(() => readMatrix("<html>")).toThrow();
  expect(() => readMatrix('{"status":"success","data":{"resultType":"vector"}}')).toThrow(/no Prometheus/);
  expect(() => readMatrix('{"status":"error","errorType":"bad_data","error":"parse error"}')).toThrow(
    "it says bad_data: parse error",
  );
  const values = [[1, "2"], [2, "NaN"], [3, "+Inf"], "x", [4]];
  const [series] = readMatrix(
    JSON.stringify({ status: "success", data: { resultType: "matrix", result: [{ metric: { a: "b" }, values }] } }),
  );
  expect(series?.samples).toEqual([{ atMs: 1_000, value: 2 }]);
});

test("a count of missed runs that begins anew, or that nobody saw before, missed nothing", () => {
  const labels = { invoker_kind: "BackupBatch", namespace: "demo", invoker_name: "shop" };
  const hours = (at: number, value: number) => ({ atMs: at * 3_600_000, value });
  const samples = [hours(0, 5), hours(6, 7), hours(12, 0), hours(30, 4), hours(36, 4)];
  const told = readDays({ points: [], good: [], missed: [{ labels, samples }] }).get("BackupBatch/demo/shop");
  expect(told?.windows.map(({ missedRuns }) => missedRuns)).toEqual([0, 2, 0, 0, 0]);
});

/** A replica that the recovery point does not have begins empty, however many snapshots the point has. */
import { expect, test } from "vitest";
import { pointOf } from "../../../../reconciler/restore/host-runs.ts";
import { type RestoreHost, selectForHost } from "../../../../shared/target/restore-rules.ts";

const TARGET = { apiVersion: "apps/v1", kind: "StatefulSet", namespace: "demo", name: "db" };
const hostCalled = (hostname: string): RestoreHost => ({
  target: TARGET,
  alias: undefined,
  hostname,
  podName: hostname,
});

/** Of so many replicas, with two paths each. */
function aPoint(hosts: number) {
  const snapshots = Array.from({ length: hosts }, (_, at) =>
    ["/data", "/log"].map((path) => ({
      target: TARGET,
      hostname: `host-${at}`,
      path,
      id: `${at}${path.length}abcdef`,
      hosts,
    })),
  );
  return { session: "s-1", snapshots: snapshots.flat() };
}

test.each([3, 60, 200])("of %i hosts, the next one is known to be later", (hosts) => {
  const point = pointOf(aPoint(hosts), `host-${hosts}`, undefined);
  expect(selectForHost([], hostCalled(`host-${hosts}`), point).wanted).toEqual([]);
});

test("a host of a large point gets its own snapshots and no other", () => {
  const point = pointOf(aPoint(60), "host-7", undefined);
  expect(point?.snapshots?.map(({ hostname, path }) => [hostname, path])).toEqual([
    ["host-7", "/data"],
    ["host-7", "/log"],
  ]);
});

test("one that is called otherwise is not taken for a later one", () => {
  const point = pointOf(aPoint(60), "node-60", undefined);
  expect(() => selectForHost([], hostCalled("node-60"), point)).toThrow(/holds no snapshot of host node-60/);
});

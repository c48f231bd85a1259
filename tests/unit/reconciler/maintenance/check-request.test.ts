import { expect, test } from "vitest";
import { clearCheckRequest } from "../../../../reconciler/maintenance/check-request.ts";
import { Annotation } from "../../../../shared/contract.ts";
import { textMapAt } from "../../../../shared/injection/workload.ts";
import { FakeApi } from "../fake-api.ts";

const ACTION = { namespace: "demo", name: "store", value: "<now> & then" } as const;

function aRepository(value: string) {
  const annotations = { [Annotation.CheckRequested]: value, other: "stays" };
  return { metadata: { namespace: "demo", name: "store", annotations } };
}

test.each([
  ["that was served is taken back, whatever its text", "<now> & then", { other: "stays" }],
  ["that is newer stays", "later", { [Annotation.CheckRequested]: "later", other: "stays" }],
])("E1: a request for a check %s", async (_, value, left) => {
  const api = new FakeApi();
  api.put("repositories", aRepository(value));
  await clearCheckRequest({ client: api.client, signal: new AbortController().signal }, ACTION);
  expect(textMapAt(api.get("repositories", "demo", "store"), "metadata", "annotations")).toEqual(left);
  expect(api.writes.filter((write) => write.startsWith("json"))).toEqual([]);
});

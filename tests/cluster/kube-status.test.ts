/** Status writes of one and of several programs against a real API server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asIs, type KubeClient } from "../../shared/kube/client.ts";
import { textAt, valueAt } from "../../shared/kube/json-value.ts";
import { mergeStatus, patchStatusWithTest, writeLatestStatus } from "../../shared/kube/status-patch.ts";
import { failureOf, openTestClient } from "../support/kube/test-client.ts";
import { defineWidgets, type Widgets } from "../support/kube/widgets.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACE = "kube-status";

let client: KubeClient;
let widgets: Widgets;
beforeAll(async () => {
  ({ client } = await openTestClient(sharedPlane().kubeconfigPath));
  widgets = await defineWidgets(client, NAMESPACE);
});
afterAll(async () => {
  await widgets?.remove();
  client?.close();
});

describe("status", () => {
  const address = (name: string) => ({ resource: widgets.resource, namespace: NAMESPACE, name });
  const hosts = (first: string, second: string) => ({
    hosts: [
      { hostname: "a", phase: first },
      { hostname: "b", phase: second },
    ],
  });

  async function aWidgetWith(name: string, status: unknown): Promise<void> {
    await client.create(widgets.resource, NAMESPACE, widgets.build(name), asIs);
    expect(await mergeStatus(client, address(name), { before: undefined, after: status }, asIs)).toMatchObject({
      kind: "written",
    });
  }

  async function statusOf(name: string): Promise<unknown> {
    return valueAt(await client.get(widgets.resource, NAMESPACE, name, asIs), "status");
  }

  test("of one writer is merged, and a write from an old version is a conflict", async () => {
    await aWidgetWith("merged", { phase: "Pending" });
    const seen = await client.get(widgets.resource, NAMESPACE, "merged", asIs);
    const resourceVersion = textAt(seen, "metadata", "resourceVersion") ?? "";
    const change = { before: valueAt(seen, "status"), after: { phase: "Running" }, resourceVersion };
    expect(await mergeStatus(client, address("merged"), change, asIs)).toMatchObject({ kind: "written" });
    expect(await mergeStatus(client, address("merged"), change, asIs)).toMatchObject({ kind: "conflict" });
    expect(await statusOf("merged")).toEqual({ phase: "Running" });
  });

  test("of several writers keeps what each of them wrote", async () => {
    await aWidgetWith("several", hosts("Pending", "Pending"));
    const before = hosts("Pending", "Pending");
    const guard = (index: number, value: string) => ({ path: `/status/hosts/${index}/hostname`, value });
    const outcomes = await Promise.all([
      patchStatusWithTest(
        client,
        address("several"),
        { before, after: hosts("Running", "Pending"), guards: [guard(0, "a")] },
        asIs,
      ),
      patchStatusWithTest(
        client,
        address("several"),
        { before, after: hosts("Pending", "Done"), guards: [guard(1, "b")] },
        asIs,
      ),
    ]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(["written", "written"]);
    expect(await statusOf("several")).toEqual(hosts("Running", "Done"));
  });

  test("that does not fit any more is a conflict, and one that is invalid an error", async () => {
    await aWidgetWith("unfit", hosts("Running", "Pending"));
    const stale = { before: hosts("Pending", "Pending"), after: hosts("Done", "Pending") };
    expect(await patchStatusWithTest(client, address("unfit"), stale, asIs)).toMatchObject({ kind: "conflict" });
    const moved = {
      before: hosts("Running", "Pending"),
      after: hosts("Done", "Pending"),
      guards: [{ path: "/status/hosts/0/hostname", value: "z" }],
    };
    expect(await patchStatusWithTest(client, address("unfit"), moved, asIs)).toMatchObject({ kind: "conflict" });
    const gone = { before: { hosts: [{}, {}, { phase: "a" }] }, after: { hosts: [{}, {}, { phase: "b" }] } };
    expect(await patchStatusWithTest(client, address("unfit"), gone, asIs)).toMatchObject({ kind: "conflict" });
    const invalid = { before: hosts("Running", "Pending"), after: hosts("Nonsense", "Pending") };
    const error = await failureOf(patchStatusWithTest(client, address("unfit"), invalid, asIs));
    expect(error.causes[0]?.field).toMatch(/^status\.hosts(\[0\])?\.phase$/);
    expect(await patchStatusWithTest(client, address("nobody"), stale, asIs)).toEqual({ kind: "gone" });
  });

  test("that many decide at once is decided by each of them on the newest", async () => {
    await aWidgetWith("busy", { phase: "0" });
    const increment = (object: unknown) => {
      const status = valueAt(object, "status");
      return { before: status, after: { phase: String(Number(textAt(status, "phase")) + 1) } };
    };
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => writeLatestStatus(client, address("busy"), asIs, increment)),
    );
    const written = outcomes.filter(({ kind }) => kind === "written").length;
    expect(written).toBeGreaterThan(0);
    expect(await statusOf("busy")).toEqual({ phase: String(written) });
  });
});

/** Status writes of one and of several programs against a real API server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mergeStatus } from "../../reconciler/write/status-patch.ts";
import { textAt, valueAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { openTestClient } from "../support/kube/test-client.ts";
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

  test.each(["a < b", "a > b", "a & b", "<a href='x'>&amp;</a>", '\u2028 \t \\ "'])(
    "E1: is written over a text that servers spell differently: %j",
    async (words) => {
      const name = `words-${Buffer.from(words).toString("hex").slice(0, 20)}`;
      await aWidgetWith(name, { phase: words, hosts: [{ hostname: words, phase: "Pending" }] });
      const seen = await client.get(widgets.resource, NAMESPACE, name, asIs);
      const resourceVersion = textAt(seen, "metadata", "resourceVersion") ?? "";
      const after = { hosts: [{ hostname: words, phase: "Done" }, { hostname: "b" }] };
      const change = { before: valueAt(seen, "status"), after, resourceVersion };
      expect(await mergeStatus(client, address(name), change, asIs)).toMatchObject({ kind: "written" });
      expect(await statusOf(name)).toEqual(after);
    },
  );

  test("that is invalid or too large is refused, and one of an object that is gone is none", async () => {
    await aWidgetWith("refused", hosts("Running", "Pending"));
    const before = hosts("Running", "Pending");
    const invalid = await mergeStatus(client, address("refused"), { before, after: hosts("Nonsense", "Done") }, asIs);
    expect(invalid.kind === "refused" && invalid.error.causes[0]?.field).toMatch(/^status\.hosts(\[0\])?\.phase$/);
    const large = { before, after: { ...before, phase: "x".repeat(2 ** 21) } };
    expect(await mergeStatus(client, address("refused"), large, asIs)).toMatchObject({ kind: "refused" });
    expect(await statusOf("refused")).toEqual(before);
    expect(await mergeStatus(client, address("nobody"), large, asIs)).toEqual({ kind: "gone" });
  });
});

/** What the pages know, when the API server changes its mind. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createViews } from "../../../../cli/ui/views/table.ts";
import { createWorld, type World, type WorldOptions } from "../../../../cli/ui/world.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import { aBatch, aSession, NOW_MS } from "../../../support/cli/objects.ts";
import { eventually } from "../../../support/eventually.ts";

/** As the API server sends it. */
function kept<T extends { readonly metadata: object }>(object: T) {
  return { ...object, metadata: { ...object.metadata, uid: "u", resourceVersion: "1" } };
}

const OBJECTS: Readonly<Record<string, readonly unknown[]>> = {
  [KINDS.BackupBatch.plural]: [kept(aBatch())],
  [KINDS.BackupSession.plural]: [kept(aSession())],
};

let world: World | undefined;

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: NOW_MS }));

afterEach(async () => {
  await world?.stop();
  vi.useRealTimers();
});

/** Lists what there is, and watches until the right is taken away; then all of the kind is refused. */
function aClient(): { readonly client: WorldOptions["client"]; readonly revoked: Set<string>; cut(): void } {
  const revoked = new Set<string>();
  let cutting = Promise.withResolvers<void>();
  const refuse = (plural: string) => {
    if (!revoked.has(plural)) return;
    const detail = `User "ann" cannot list resource "${plural}"`;
    throw new KubeError({ action: `list ${plural}`, status: 403, reason: "Forbidden", detail });
  };
  return {
    revoked,
    cut() {
      cutting.resolve();
      cutting = Promise.withResolvers();
    },
    client: {
      async *listPages({ plural }) {
        refuse(plural);
        yield { items: OBJECTS[plural] ?? [], resourceVersion: "1", next: undefined };
      },
      async *watch({ plural }, _namespace, { signal, onContact }) {
        refuse(plural);
        onContact?.();
        const aborted = new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve()));
        await Promise.race([cutting.promise, aborted]);
      },
    },
  };
}

test("what somebody may not list any more is not shown from memory, and nothing is called good by it", async () => {
  const { client, revoked, cut } = aClient();
  world = createWorld({ client, scope: "demo" });
  const views = createViews({ world });
  const seen = (name: string) => JSON.stringify(views[name]?.({}, NOW_MS).view);
  world.start();
  await eventually(() => world?.look(NOW_MS).isLoading, false, 10_000);
  expect(seen("overview")).toContain('"state":"Good"');
  expect(seen("points")).toContain("shop-1");

  revoked.add(KINDS.BackupSession.plural);
  cut();
  const kinds = () => world?.look(Date.now()).notices.map(({ kind }) => kind);
  await eventually(kinds, ["missing-right"], 5_000);
  expect(world.look(Date.now()).sessions()).toEqual([]);
  expect(seen("overview")).toContain('"state":"Unknown"');
  expect(seen("points")).not.toContain("BackupSession");

  for (const { plural } of Object.values(KINDS)) revoked.add(plural);
  cut();
  await eventually(() => world?.look(Date.now()).invokers(), [], 5_000);
  expect(seen("overview")).not.toContain("shop");
});

test("who may not look at all namespaces is told what to do where the pages are", async () => {
  const { client, revoked } = aClient();
  for (const { plural } of Object.values(KINDS)) revoked.add(plural);
  world = createWorld({ client, scope: undefined, narrower: "look below" });
  world.start();
  await eventually(() => world?.look(Date.now()).notices.length, 8, 10_000);
  for (const { next } of world.look(Date.now()).notices) expect(next).toMatch(/; or look below$/);
});

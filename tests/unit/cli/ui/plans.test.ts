/** Restores by clicks: what was shown is what is made, once, and only when the name was typed. */
import { beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Cluster, ExecChoice } from "../../../../cli/cluster/interface.ts";
import { createPlans, PLAN_LIFETIME_MS } from "../../../../cli/ui/plans.ts";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { parseRestoreBatch } from "../../../../shared/api/restore-batch.ts";
import { Command, Container, Volume } from "../../../../shared/contract.ts";
import { textAt } from "../../../../shared/json/value.ts";
import { aBatch, aSession, NOW_MS } from "../../../support/cli/objects.ts";

const ORDER = { kind: "BackupBatch", namespace: "demo", name: "shop", session: "shop-1" };

interface Created {
  readonly namespace: string;
  readonly body: object;
  readonly isDryRun: boolean;
}

let objects: Readonly<Record<string, readonly unknown[]>>;
let created: Created[];
let executed: ExecChoice[];
let nowMs: number;

/** A cluster of few objects that keeps what is created, and whose containers know of one file that differs. */
const cluster: Cluster = {
  address: "https://127.0.0.1:1",
  namespace: "default",
  scope: undefined,
  connection: {
    serverUrl: new URL("https://127.0.0.1:1"),
    namespace: undefined,
    credentials: async () => ({ headers: {}, tls: {} }),
  },
  list: async ({ plural }, namespace) => {
    return (objects[plural] ?? []).filter(
      (one) => namespace === undefined || textAt(one, "metadata", "namespace") === namespace,
    );
  },
  find: async ({ plural }, namespace, name) => {
    return (objects[plural] ?? []).find(
      (one) => textAt(one, "metadata", "namespace") === namespace && textAt(one, "metadata", "name") === name,
    );
  },
  create: async (_resource, namespace, body, choice) => {
    created.push({ namespace, body, isDryRun: choice?.isDryRun === true });
    return body;
  },
  mergePatch: async () => {
    throw new TypeError("nothing is patched");
  },
  remove: async () => {
    throw new TypeError("nothing is deleted");
  },
  exec: async (_namespace, choice) => {
    executed.push(choice);
    if (isEndless) await writeWithoutEnd(choice);
    choice.stdout.end(JSON.stringify({ ...TRIED, overwritten: ["/data/own"] }));
    choice.stderr.end();
    return 0;
  },
  copyLog: async () => {
    throw new TypeError("no log is read");
  },
};

let isEndless = false;
const PIECE = Buffer.alloc(64 * 1024, "x");
/** More than anybody waits for. */
const MOST_PIECES = 10_000;

/** As a program that somebody put in the place of ours: until whoever asked ends the call. */
async function writeWithoutEnd({ stdout, signal }: ExecChoice): Promise<void> {
  for (let pieces = 0; pieces < MOST_PIECES; pieces += 1) {
    stdout.write(PIECE);
    await new Promise(setImmediate);
    signal?.throwIfAborted();
  }
  throw new Error("nobody ended it");
}

const TRIED = { newFiles: 0, changedFiles: 1, sameFiles: 2, totalBytes: 2_048, writtenBytes: 11 };

/** What restic is asked by: the Repository, and the web part with a pod whose sidecar runs. */
function withPods(): typeof objects {
  const labels = { app: "web" };
  return {
    ...objects,
    [KINDS.Repository.plural]: [
      {
        apiVersion: KINDS.Repository.apiVersion,
        kind: "Repository",
        metadata: { namespace: "demo", name: "store" },
        spec: { backend: { local: { mountPath: "/repository" } } },
      },
    ],
    deployments: [{ metadata: { namespace: "demo", name: "web" }, spec: { selector: { matchLabels: labels } } }],
    pods: [
      {
        metadata: { namespace: "demo", name: "web-0", labels },
        spec: { volumes: [{ name: Volume.Identity }], containers: [{ name: Container.Sidecar }] },
        status: { containerStatuses: [{ name: Container.Sidecar, state: { running: {} } }] },
      },
    ],
  };
}

const plansOf = (allowsActions = true, mayRestore: boolean | undefined = true) =>
  createPlans({ cluster, allowsActions, mayRestore: async () => mayRestore, now: () => nowMs });

beforeEach(() => {
  objects = { [KINDS.BackupBatch.plural]: [aBatch()], [KINDS.BackupSession.plural]: [aSession()] };
  created = [];
  executed = [];
  nowMs = NOW_MS;
});

describe("a plan", () => {
  test("S7: waits for no pod that answers without end, and keeps nothing of what it says", async () => {
    objects = withPods();
    isEndless = true;
    try {
      const { files } = await plansOf().plan(ORDER);
      expect(files).toContainEqual(expect.stringContaining("web-0 answers with more than a plan"));
    } finally {
      isEndless = false;
    }
  });

  test("names members in order, and its YAML is the RestoreBatch that a dry run took", async () => {
    const plan = await plansOf().plan(ORDER);
    expect(plan).toMatchObject({
      isChecked: true,
      point: { session: "shop-1", isComplete: true },
      members: [{ name: "db", step: 1 }, { name: "web" }],
    });
    expect(parseRestoreBatch(parse(plan.yaml)).spec).toMatchObject({ session: "shop-1" });
    expect(created).toEqual([{ namespace: "demo", isDryRun: true, body: parse(plan.yaml) }]);
  });

  test("tells what restic's dry run says of files, as the command does, and why where it can't", async () => {
    objects = withPods();
    const { files } = await plansOf().plan(ORDER);
    expect(files).toEqual([
      "db: not known: its pods are not known",
      "web: 0 new, 1 written over, 2 the same; 11 B of 2.000 KiB are written",
      "  writes over /data/own",
    ]);
    expect(executed.map(({ pod, command }) => [pod, ...command.slice(0, 2)])).toEqual([
      ["web-0", "stash-batch", Command.TryRestore],
    ]);
  });

  test("without --allow-actions sends nothing but reads, and says so", async () => {
    objects = withPods();
    expect(await plansOf(false).plan(ORDER)).toMatchObject({ isChecked: false, files: [] });
    expect(created).toEqual([]);
    expect(executed).toEqual([]);
  });

  test("is shown to whoever may not make it, too, without what needs the right; what nobody says is tried", async () => {
    objects = withPods();
    expect(await plansOf(true, false).plan(ORDER)).toMatchObject({ isChecked: false, files: [], members: [{}, {}] });
    expect({ created, executed }).toEqual({ created: [], executed: [] });
    expect(await plansOf(true, undefined).plan(ORDER)).toMatchObject({ isChecked: true });
  });

  test("of a session that did not save all members is refused with what it lacks", async () => {
    objects = {
      ...objects,
      [KINDS.BackupSession.plural]: [aSession({ targets: [{ alias: "db" }, { alias: "web", phase: "Failed" }] })],
    };
    await expect(plansOf().plan(ORDER)).rejects.toMatchObject({ code: "RECOVERY_POINT_INCOMPLETE" });
  });

  test.each(["kind", "namespace", "name", "session"])("without %s is refused", async (field) => {
    for (const value of [undefined, "", 7, {}, null]) {
      await expect(plansOf().plan({ ...ORDER, [field]: value })).rejects.toMatchObject({ code: "INVALID_OBJECT" });
    }
  });
});

describe("a restore", () => {
  test("is exactly the one that was planned, whatever changed since", async () => {
    const plans = plansOf();
    const plan = await plans.plan(ORDER);
    objects = {};
    nowMs += 5_000;
    expect(await plans.apply({ id: plan.id, typedName: "shop" })).toEqual(plan.restore);
    expect(created.at(-1)).toEqual({ namespace: "demo", isDryRun: false, body: parse(plan.yaml) });
  });

  test("needs the name, letter by letter", async () => {
    const plans = plansOf();
    const { id } = await plans.plan(ORDER);
    for (const typedName of ["Shop", "shop ", "demo/shop", "shop-1"]) {
      await expect(plans.apply({ id, typedName })).rejects.toMatchObject({ next: "type shop" });
    }
    expect(created.filter(({ isDryRun }) => !isDryRun)).toEqual([]);
  });

  test("is made once for a plan, and not of one that is old or not known", async () => {
    const plans = plansOf();
    const first = await plans.plan(ORDER);
    await plans.apply({ id: first.id, typedName: "shop" });
    await expect(plans.apply({ id: first.id, typedName: "shop" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    const second = await plans.plan(ORDER);
    nowMs += PLAN_LIFETIME_MS + 1;
    await expect(plans.apply({ id: second.id, typedName: "shop" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(plans.apply({ id: "x", typedName: "shop" })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(created.filter(({ isDryRun }) => !isDryRun)).toHaveLength(1);
  });
});

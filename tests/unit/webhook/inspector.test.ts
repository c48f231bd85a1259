/** The thread that looks at objects, as it really runs; and threads that go wrong. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { buildBundles } from "../../../scripts/build.ts";
import { createInspector, type Inspector } from "../../../webhook/validate/inspector.ts";

const silent = { warn: () => {} };
const inspectors: Inspector[] = [];
afterEach(() => Promise.all(inspectors.splice(0).map((inspector) => inspector.stop())));

function start(options: Partial<Parameters<typeof createInspector>[0]> = {}): Inspector {
  const inspector = createInspector({ log: silent, waitMs: 60_000, ...options });
  inspectors.push(inspector);
  return inspector;
}

const SPEC = { repository: { name: "r" }, retentionPolicy: { name: "k", keepLast: 1, prune: true } };

function aReview(spec: unknown, uid = "u"): string {
  const object = { apiVersion: "stash.appscode.com/v1beta1", kind: "BackupBatch", metadata: { name: "x" }, spec };
  const kind = { group: "stash.appscode.com", version: "v1beta1", kind: "BackupBatch" };
  const request = {
    uid,
    kind,
    operation: "CREATE",
    namespace: "demo",
    name: "x",
    userInfo: { username: "ops" },
    object,
  };
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request });
}

/** What comes out, in words. */
async function said(inspector: Inspector, body: string): Promise<string> {
  const result = await inspector.inspect(body);
  if ("fault" in result) return `${result.status ?? 400} ${result.fault}`;
  const { head, inspected } = result;
  if (inspected.kind !== "inspected")
    return `${head.request.uid} ${inspected.kind} ${"message" in inspected ? inspected.message : ""}`;
  return `${head.request.uid} ${inspected.inspection.findings.map(({ field }) => field).join() || "fine"}`;
}

describe("the thread", { timeout: 60_000 }, () => {
  test("looks at objects one after another, and gives back what it found and who asked", async () => {
    const inspector = start();
    const bodies = [aReview(SPEC, "1"), aReview({ ...SPEC, schedule: "no" }, "2"), aReview({ members: 1 }, "3"), "{}"];
    const answers = await Promise.all(bodies.map((body) => said(inspector, body)));
    expect(answers[0]).toBe("1 fine");
    expect(answers[1]).toBe("2 spec.schedule");
    expect(answers[2]).toMatch(/^3 denied .*spec.members: expected a list/);
    expect(answers[3]).toMatch(/^400 the body is no AdmissionReview/);
    const result = await inspector.inspect(bodies[0] ?? "");
    expect(result).toMatchObject({
      head: { request: { namespace: "demo", userInfo: { username: "ops" } } },
      inspected: { inspection: { source: { kind: "BackupBatch", name: "x", namespace: "demo" } } },
    });
    expect(JSON.stringify(result)).not.toContain('"object"');
  });

  test("S8: refuses what nests too deep, in words; and reads nothing that takes too much memory", async () => {
    const inspector = start();
    const deep = aReview("DEEP").replace('"DEEP"', `${"[".repeat(5_000)}${"]".repeat(5_000)}`);
    expect(await said(inspector, deep)).toMatch(/^u denied .*deeper than 200 levels/);
    expect(await said(inspector, "[".repeat(7_000_000))).toMatch(/^400 .*more than 500000 objects and lists/);
    expect(await said(inspector, aReview(SPEC))).toBe("u fine");
  });
});

describe("S8: a thread that goes wrong", { timeout: 60_000 }, () => {
  const folders: string[] = [];
  afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true }))));

  /** A thread that answers the text `fine`, and does what is written for each other text. */
  async function aThread(onOther: string): Promise<URL> {
    const folder = await mkdtemp(join(tmpdir(), "stash-batch-thread-"));
    folders.push(folder);
    const head = '{ kind: "begun", head: { apiVersion: "admission.k8s.io/v1", request: { uid: body } } }';
    const program = `
      import { parentPort } from "node:worker_threads";
      parentPort.on("message", (body) => {
        parentPort.postMessage(${head});
        if (body !== "fine") { ${onOther} }
        parentPort.postMessage({ kind: "done", inspected: { kind: "allowed" } });
      });
      parentPort.postMessage({ kind: "ready" });`;
    await writeFile(join(folder, "thread.mjs"), program);
    return pathToFileURL(join(folder, "thread.mjs"));
  }

  const A_MOMENT = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);";

  test.each([
    ["never comes back", "for (;;);", /^slow denied .*takes longer than 2000 ms/],
    // What a thread said just before its end may be lost, so these two end a moment later.
    ["throws", `${A_MOMENT} throw new Error("broken");`, /^slow denied .*broken/],
    ["ends", `${A_MOMENT} process.exit(1);`, /^slow denied .*its thread ended/],
    [
      "takes all memory",
      "const all = []; for (;;) all.push(new Array(100_000).fill(all.length));",
      /^slow denied .*(memory|takes longer)/,
    ],
  ])("that %s costs the object that it was at, and no other", async (_name, onOther, words) => {
    const inspector = start({ program: await aThread(onOther), limitMs: 2_000 });
    const answers = await Promise.all(["fine", "slow", "fine", "fine"].map((body) => said(inspector, body)));
    expect(answers[1]).toMatch(words);
    expect([answers[0], answers[2], answers[3]]).toEqual(["fine allowed ", "fine allowed ", "fine allowed "]);
  });

  test("keeps nobody waiting for longer than a moment", async () => {
    const inspector = start({ program: await aThread("for (;;);"), limitMs: 60_000, waitMs: 400 });
    const first = said(inspector, "fine");
    expect(await first).toMatch(/^fine allowed|^429/);
    void inspector.inspect("slow");
    expect(await said(inspector, "fine")).toMatch(/^429 too many objects/);
  });

  test("leaves this thread free", async () => {
    const inspector = start({ program: await aThread("for (;;);"), limitMs: 2_000 });
    await said(inspector, "fine");
    const slow = said(inspector, "slow");
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    await slow;
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(50);
  });
});

test("the thread is found beside the bundle, too", { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "stash-batch-bundle-"));
  try {
    await buildBundles(folder);
    expect(readdirSync(folder)).toContain("validate-worker.mjs");
    expect(readFileSync(join(folder, "webhook.mjs"), "utf8")).toContain('"./validate-worker.mjs"');
    const inspector = start({ program: pathToFileURL(join(folder, "validate-worker.mjs")) });
    expect(await said(inspector, aReview(SPEC))).toBe("u fine");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

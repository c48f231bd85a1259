/** Processes that contend for one lease of a real API server, and are killed, paused and stopped. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { numberAt, parseJson, textAt } from "../../shared/json/value.ts";
import { asIs, type KubeClient } from "../../shared/kube/client/interface.ts";
import { LeaderElection } from "../../shared/kube/election/lease.ts";
import { LEASES } from "../../shared/kube/resources.ts";
import { eventually, stays } from "../support/eventually.ts";
import { CONTENDER_TIMINGS } from "../support/kube/lease-contender.ts";
import { openTestClient } from "../support/kube/test-client.ts";
import { sharedPlane } from "../support/shared-plane.ts";

const NAMESPACES = { group: "", version: "v1", plural: "namespaces", namespaced: false };
const NAMESPACE = "kube-lease";
const PROGRAM = new URL("../support/kube/lease-contender.ts", import.meta.url).pathname;

interface Contender {
  readonly identity: string;
  readonly child: ChildProcess;
  /** In order, `leading` left out. */
  readonly said: string[];
  /** Milliseconds since the epoch at which the process acted as leader. */
  readonly ledAt: number[];
  readonly ended: Promise<void>;
}

let client: KubeClient;
beforeAll(async () => {
  client = (await openTestClient(sharedPlane().kubeconfigPath)).client;
  await client.create(NAMESPACES, undefined, { metadata: { name: NAMESPACE } }, asIs);
});
afterAll(async () => {
  await client?.delete(NAMESPACES, undefined, NAMESPACE);
  client?.close();
});

const contenders: Contender[] = [];
afterEach(async () => {
  for (const { child, ended } of contenders.splice(0)) {
    child.kill("SIGKILL");
    await ended;
  }
});

function contend(lease: string, identity: string): Contender {
  const child = spawn(process.execPath, [PROGRAM, sharedPlane().kubeconfigPath, NAMESPACE, lease, identity], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  const ledAt: number[] = [];
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = parseJson(line);
      const event = textAt(message, "event") ?? line;
      if (event === "leading") ledAt.push(numberAt(message, "at") ?? 0);
      else said.push(event);
    });
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const contender = { identity, child, said, ledAt, ended };
  contenders.push(contender);
  return contender;
}

async function aLeaderAndAnother(lease: string): Promise<readonly [Contender, Contender]> {
  const leader = contend(lease, "first");
  await eventually(
    () => leader.said,
    (all) => all.includes("acquired"),
    20_000,
  );
  const other = contend(lease, "second");
  await eventually(
    () => other.said,
    (all) => all.includes("contending"),
    20_000,
  );
  await stays(() => other.said, ["contending"], CONTENDER_TIMINGS.retryMs * 2);
  return [leader, other];
}

/** Both processes run on this machine, so their clocks are one. */
function expectNoOverlap(first: Contender, second: Contender): void {
  expect(first.ledAt.length).toBeGreaterThan(0);
  expect(second.ledAt.length).toBeGreaterThan(0);
  expect(second.ledAt[0]).toBeGreaterThan(first.ledAt.at(-1) ?? Number.POSITIVE_INFINITY);
}

test("a leader that is killed is followed by the other, when its lease has run out and not before", async () => {
  const [leader, other] = await aLeaderAndAnother("killed");
  leader.child.kill("SIGKILL");
  const killedAt = Date.now();
  await eventually(
    () => other.said,
    (all) => all.includes("acquired"),
    20_000,
  );
  const tookMs = Date.now() - killedAt;
  // Renewed up to one retry before the kill; noticed up to two tries after the end, and a busy machine takes its time.
  expect(tookMs).toBeGreaterThan(CONTENDER_TIMINGS.leaseDurationMs - CONTENDER_TIMINGS.retryMs - 200);
  expect(tookMs).toBeLessThan(CONTENDER_TIMINGS.leaseDurationMs + CONTENDER_TIMINGS.retryMs * 2 + 3_000);
  await eventually(
    () => other.ledAt.length,
    (count) => count > 0,
    20_000,
  );
  expectNoOverlap(leader, other);
  const lease = await client.get(LEASES, NAMESPACE, "killed", asIs);
  expect(textAt(lease, "spec", "holderIdentity")).toBe("second");
  expect(numberAt(lease, "spec", "leaseTransitions")).toBe(1);
});

test("a leader that is paused and continued acts no more once another leads", async () => {
  const [leader, other] = await aLeaderAndAnother("paused");
  leader.child.kill("SIGSTOP");
  await eventually(
    () => other.said,
    (all) => all.includes("acquired"),
    20_000,
  );
  leader.child.kill("SIGCONT");
  await eventually(() => leader.said.some((event) => event.startsWith("lost")), true, 20_000);
  const losses = () => other.said.filter((event) => event.startsWith("lost"));
  await stays(losses, [], CONTENDER_TIMINGS.leaseDurationMs);
  expectNoOverlap(leader, other);
});

test("a leader that stops hands over at once", async () => {
  const [leader, other] = await aLeaderAndAnother("stopped");
  leader.child.kill("SIGTERM");
  const stoppedAt = Date.now();
  await leader.ended;
  expect(leader.said).toEqual(["contending", "acquired", "lost: stopped", "stopped"]);
  await eventually(
    () => other.ledAt.length,
    (count) => count > 0,
    20_000,
  );
  expect((other.ledAt[0] ?? 0) - stoppedAt).toBeLessThan(CONTENDER_TIMINGS.leaseDurationMs - 500);
  expectNoOverlap(leader, other);
});

test("a leader that stops in the middle of a renewal that is written all the same hands over at once", async () => {
  let answerCut: () => void = () => {};
  const cut = new Promise<void>((resolve) => {
    answerCut = resolve;
  });
  const election = new LeaderElection({
    client: {
      ...client,
      update: async (resource, namespace, body, read, options) => {
        const { signal, ...rest } = options ?? {};
        const written = await client.update(resource, namespace, body, read, rest);
        // Renewals carry a signal; their answers come too late.
        if (signal === undefined) return written;
        answerCut();
        return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
    },
    namespace: NAMESPACE,
    name: "cut",
    identity: "first",
    timings: CONTENDER_TIMINGS,
    onAcquired: () => {},
    onLost: () => {},
    onFault: () => {},
  });
  election.start();
  await cut;
  await election.stop();
  const lease = await client.get(LEASES, NAMESPACE, "cut", asIs);
  expect(textAt(lease, "spec", "holderIdentity") ?? "").toBe("");
});

test("of many that start at the same moment one leads", async () => {
  const all = ["a", "b", "c", "d"].map((identity) => contend("race", identity));
  await eventually(() => all.filter(({ said }) => said.includes("acquired")).length, 1, 20_000);
  await eventually(() => all.every(({ said }) => said.includes("contending")), true, 20_000);
  await stays(() => all.filter(({ ledAt }) => ledAt.length > 0).length, 1, CONTENDER_TIMINGS.leaseDurationMs);
});

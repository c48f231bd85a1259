import { expect, test } from "vitest";
import { decideNextTurn, type TurnOutcome } from "../../../../../shared/kube/cache/reflector-turn.ts";
import { KubeError } from "../../../../../shared/kube/client/error.ts";

function failed(status: number, events = 0): TurnOutcome {
  return { kind: "failed", events, error: new KubeError({ action: "watch", status, reason: "R", detail: "d" }) };
}

test.each<[string, TurnOutcome, number, boolean, number]>([
  ["a watch that ended after a while", { kind: "ended", events: 0, lastedMs: 1_000 }, 4, false, 0],
  ["a watch that ended with events", { kind: "ended", events: 1, lastedMs: 1 }, 4, false, 0],
  ["a watch that ended at once and empty", { kind: "ended", events: 0, lastedMs: 999 }, 4, false, 5],
  ["a silent watch", { kind: "quiet" }, 4, false, 0],
  ["a server that went back", { kind: "wentBack" }, 0, true, 1],
  ["a compaction", failed(410), 0, true, 1],
  ["a version that the server cannot read", failed(400), 0, true, 1],
  ["a resource that is gone", failed(404), 7, true, 8],
  ["missing rights", failed(403), 9, false, 10],
  ["refused credentials", failed(401), 9, false, 10],
  ["a busy server", failed(429), 9, false, 10],
  ["a first error of the server", failed(500), 0, false, 1],
  ["a third error of the server in a row", failed(504), 2, true, 3],
  ["a third error after events came through", failed(500, 1), 2, false, 1],
  ["a broken connection, however often", failed(0), 50, false, 51],
  ["a broken connection after events", failed(0, 3), 50, false, 1],
  ["an error of our own", { kind: "failed", events: 0, error: new TypeError("oops") }, 0, true, 1],
])("%s", (_, outcome, earlier, relist, failures) => {
  expect(decideNextTurn(outcome, earlier)).toEqual({ relist, failures });
});

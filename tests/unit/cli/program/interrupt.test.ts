import { expect, test } from "vitest";
import { createInterrupt } from "../../../../cli/program/interrupt.ts";

function anInterrupt() {
  const told: string[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let ends = 0;
  const exit = () => {
    ends++;
    resolve();
  };
  return { told, ended, ends: () => ends, ...createInterrupt({ tell: (text) => told.push(text), exit }) };
}

test("what goes on is told, and the program ends at once", () => {
  const { told, ends, leavesBehind, onSignal } = anInterrupt();
  leavesBehind("a Job goes on");
  onSignal();
  expect({ told, ends: ends() }).toEqual({ told: ["a Job goes on"], ends: 1 });
});

test("what can be taken away goes first, and is not told any more", async () => {
  const { told, ended, ends, leavesBehind, onSignal, isEnding } = anInterrupt();
  const { promise, resolve } = Promise.withResolvers<void>();
  leavesBehind("a Job goes on", async () => {
    await promise;
    leavesBehind(undefined);
  });
  onSignal();
  expect({ ends: ends(), isEnding: isEnding() }).toEqual({ ends: 0, isEnding: true });
  resolve();
  await ended;
  expect(told).toEqual(["tidying up; Ctrl-C again ends at once"]);
});

test("what is not answered yet is told, and nothing of what was", () => {
  const { told, atStake, onSignal } = anInterrupt();
  const [first] = [atStake("one may be made"), atStake("another may be made")];
  first();
  onSignal();
  expect(told).toEqual(["another may be made"]);
});

test("where the reader is gone the same goes on without a word, once", async () => {
  const { told, ended, ends, leavesBehind, onClosed } = anInterrupt();
  let tidied = 0;
  leavesBehind("a Job goes on", async () => {
    tidied++;
    leavesBehind(undefined);
  });
  onClosed();
  onClosed();
  await ended;
  expect({ told, tidied, ends: ends() }).toEqual({ told: [], tidied: 1, ends: 1 });
});

test("a second Ctrl-C waits for nothing, and a failure to take away hides nothing", async () => {
  const first = anInterrupt();
  first.leavesBehind("a Job goes on", () => new Promise(() => undefined));
  first.onSignal();
  first.onSignal();
  expect({ told: first.told.at(-1), ends: first.ends() }).toEqual({ told: "a Job goes on", ends: 1 });
  const second = anInterrupt();
  second.leavesBehind("a Job goes on", () => Promise.reject(new Error("no")));
  second.onSignal();
  await second.ended;
  expect(second.told.at(-1)).toBe("a Job goes on");
});

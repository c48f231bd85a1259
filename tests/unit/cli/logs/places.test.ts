import { expect, test } from "vitest";
import { formatLogLine, logContainers, podsOfRun } from "../../../../cli/logs/places.ts";
import { aSession } from "../../../support/cli/objects.ts";

const running = (name: string) => ({ name, state: { running: {} } });
const waiting = (name: string) => ({ name, state: { waiting: {} } });

test("hosts that have a pod are followed", () => {
  const session = aSession({ targets: [{ alias: "db" }, { alias: "web", host: { pod: undefined } }] });
  expect(podsOfRun(session)).toEqual([{ member: "db", host: "db", pod: "db-0", podUid: undefined }]);
});

test("of a workload's pod the sidecar's or the init-container's log counts, of a Job's pod all that has started", () => {
  const workload = {
    spec: { initContainers: [{ name: "stash-init" }], containers: [{ name: "app" }, { name: "stash" }] },
    status: {
      initContainerStatuses: [{ name: "stash-init", state: { terminated: {} } }],
      containerStatuses: [running("app"), running("stash")],
    },
  };
  expect(logContainers(workload, false)).toEqual(["stash"]);
  expect(logContainers(workload, true)).toEqual(["stash-init"]);
  const job = {
    spec: { initContainers: [{ name: "dump" }], containers: [{ name: "update-status" }] },
    status: { initContainerStatuses: [running("dump")], containerStatuses: [waiting("update-status")] },
  };
  expect(logContainers(job, false)).toEqual(["dump"]);
});

test("lines of ours become sentences, others stay as they are", () => {
  const line = JSON.stringify({
    level: 40,
    time: Date.UTC(2030, 0, 1, 3, 4, 5),
    program: "agent",
    host: "db",
    n: 2,
    msg: "path left out",
  });
  expect(formatLogLine(line)).toBe("03:04:05 warn  path left out host=db n=2");
  for (const other of ["plain text", "{not json", '{"a":1}', "", "3"]) expect(formatLogLine(other)).toBe(other);
});

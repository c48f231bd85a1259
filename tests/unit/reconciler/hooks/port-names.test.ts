import { describe, expect, test } from "vitest";
import { withPortNumbers } from "../../../../reconciler/hooks/port-names.ts";
import { readPod } from "../../../../reconciler/world/pod-object.ts";

const POD = {
  metadata: { name: "web-1", namespace: "demo", uid: "u" },
  spec: {
    initContainers: [{ name: "mesh", restartPolicy: "Always", ports: [{ name: "stats", containerPort: 15_020 }] }],
    containers: [
      { name: "app", ports: [{ containerPort: 9_000 }, { name: "http", containerPort: 8_080 }] },
      {
        name: "side",
        ports: [
          { name: "http", containerPort: 8_090 },
          { name: "admin", containerPort: 8_091 },
        ],
      },
      { name: "stash" },
    ],
  },
};

describe("E3: a port that a hook names", () => {
  const ports = readPod(POD)?.namedPorts ?? [];

  test.each([
    ["of the container that it names", "side", "http", 8_090],
    ["of the first container that has it, where it names none", undefined, "http", 8_080],
    ["of a later container, where it names none", undefined, "admin", 8_091],
    ["of a sidecar among the init-containers", "mesh", "stats", 15_020],
    ["that only another container has stays a name", "app", "admin", "admin"],
    ["that nobody has stays a name", undefined, "grpc", "grpc"],
    ["that is a number stays so", "app", 80, 80],
    ["that is a number as text stays so", "app", "80", "80"],
  ])("%s", (_, containerName, port, expected) => {
    const handler = {
      ...(containerName !== undefined && { containerName }),
      httpGet: { port, path: "/a" },
      httpPost: { port, body: "b" },
      tcpSocket: { port },
    };
    expect(withPortNumbers(handler, ports)).toEqual({
      ...handler,
      httpGet: { port: expected, path: "/a" },
      httpPost: { port: expected, body: "b" },
      tcpSocket: { port: expected },
    });
  });

  test("is all that changes of a hook", () => {
    const handler = { exec: { command: ["sync"] }, containerName: "stash", timeout: "5s" };
    expect(withPortNumbers(handler, ports)).toEqual(handler);
  });
});

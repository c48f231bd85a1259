import { expect, test } from "vitest";
import { parseWebhookArgs } from "../../../webhook/config.ts";

test("flags have defaults that fit an installation", () => {
  expect(parseWebhookArgs(["--image=i:1"], { POD_NAMESPACE: "ops" })).toEqual({
    host: "0.0.0.0",
    port: 8443,
    certificates: { kind: "secret", namespace: "ops", mode: "own" },
    serverName: "stash-batch-webhook.ops.svc",
    kubeconfigPath: undefined,
    settings: { image: "i:1", nativeSidecar: false, followsImage: false },
    checksRights: true,
    trustedUsers: [],
    excludedNamespaces: ["kube-system", "ops"],
    logLevel: "info",
    drainMs: 3_000,
  });
});

test("flags are read", () => {
  const args = ["--image=i", "--tls-dir=/tls", "--listen=[::1]:443", "--agent-command=node", "--agent-command=a.mjs"];
  expect(parseWebhookArgs([...args, "--no-check-rights", "--native-sidecar", "--drain=0"], {})).toMatchObject({
    host: "::1",
    port: 443,
    certificates: { kind: "folder", folder: "/tls" },
    settings: { image: "i", command: ["node", "a.mjs"], nativeSidecar: true },
    checksRights: false,
    drainMs: 0,
  });
});

test("every wrong flag is reported in one go", () => {
  const args = ["--listen=here", "--log-level=loud", "--certificates=mine", "--tls-dir=/t", "--drain=soon"];
  expect(() => parseWebhookArgs(args, {})).toThrow(
    /--listen: here.*--image is missing.*--certificates: mine.*can't go together.*--log-level: loud.*--drain/,
  );
  expect(() => parseWebhookArgs(["--nonsense"], {})).toThrow("--nonsense");
  expect(parseWebhookArgs(["--help"], {})).toBe("help");
});

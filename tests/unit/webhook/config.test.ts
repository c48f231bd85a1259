import { expect, test } from "vitest";
import { parseWebhookArgs } from "../../../webhook/config.ts";
import { DEFAULT_TLS_OPTIONS } from "../../../webhook/tls-options.ts";

test("flags have defaults that fit an installation", () => {
  expect(parseWebhookArgs(["--image=i:1"], { POD_NAMESPACE: "ops" })).toEqual({
    host: "0.0.0.0",
    port: 8443,
    certificates: { kind: "secret", namespace: "ops", mode: "own" },
    serverName: "stash-batch-webhook.ops.svc",
    tls: DEFAULT_TLS_OPTIONS,
    clientCaPath: undefined,
    clientNames: [],
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

test("TLS can be narrowed, and never widened", () => {
  const narrow = parseWebhookArgs(
    ["--image=i", "--tls-min-version=VersionTLS13", "--tls-cipher-suites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
    {},
  );
  expect(narrow).toMatchObject({ tls: { minVersion: "TLSv1.3" } });
  expect(narrow).toMatchObject({ tls: { ciphers: expect.stringMatching(/:ECDHE-RSA-AES128-GCM-SHA256$/) } });
  const wide = ["--image=i", "--tls-min-version=VersionTLS10", "--tls-cipher-suites=TLS_RSA_WITH_AES_128_CBC_SHA,x"];
  expect(() => parseWebhookArgs(wide, {})).toThrow(
    /--tls-min-version: VersionTLS10.*--tls-cipher-suites: TLS_RSA.*, x/,
  );
  expect(() => parseWebhookArgs(["--image=i", "--client-name=x"], {})).toThrow("--client-name needs --client-ca");
});

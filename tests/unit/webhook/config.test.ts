import { expect, test } from "vitest";
import { DEFAULT_RESOURCES } from "../../../shared/injection/container-resources.ts";
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
    settings: { image: "i:1", nativeSidecar: false, followsImage: false, resources: DEFAULT_RESOURCES },
    checksRights: true,
    trustedUsers: [],
    excludedNamespaces: ["kube-system", "ops"],
    snapshotApi: undefined,
    namespace: "ops",
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

test("default resources of the injected containers are read, and wrong ones reported", () => {
  const flags = ["--sidecar-resources=requests.cpu=20m", "--restore-resources="];
  expect(parseWebhookArgs(["--image=i", ...flags], {})).toMatchObject({
    settings: { resources: { sidecar: { requests: { cpu: "20m" } }, restore: {} } },
  });
  expect(() => parseWebhookArgs(["--sidecar-resources=lots", "--restore-resources=cpu=1"], {})).toThrow(
    /--image is missing.*--sidecar-resources: "lots".*--restore-resources: "cpu=1"/,
  );
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

test("the Snapshot API listens where it is told to, and nowhere by itself", () => {
  const read = (address: string) => parseWebhookArgs(["--image=i:1", `--snapshot-api=${address}`], {});
  expect(read("0.0.0.0:8444")).toMatchObject({ snapshotApi: { host: "0.0.0.0", port: 8444 } });
  expect(read("[::1]:0")).toMatchObject({ snapshotApi: { host: "::1", port: 0 } });
  for (const odd of ["8444", "host:99999"]) expect(() => read(odd)).toThrow(/--snapshot-api: .* is no HOST:PORT/);
});

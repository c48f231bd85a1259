import { describe, expect, test } from "vitest";
import { buildRepositoryAccess, type SecretView } from "../../../../agent/restic/backend.ts";
import type { Backend } from "../../../../shared/api/backend.ts";

function aSecret(values: Readonly<Record<string, string>> = {}): SecretView {
  const all = { RESTIC_PASSWORD: "secret password", ...values };
  return { name: "backend", folder: "/secrets/backend", values: new Map(Object.entries(all)) };
}

const build = (backend: Backend, values?: Readonly<Record<string, string>>) =>
  buildRepositoryAccess(backend, aSecret(values));

describe("the address of a repository", () => {
  test.each<[string, Backend, string]>([
    ["local", { local: { mountPath: "/safe/data", subPath: "x" } }, "/safe/data"],
    ["s3", { s3: { endpoint: "s3.amazonaws.com", bucket: "b", prefix: "/a/b/" } }, "s3:s3.amazonaws.com/b/a/b"],
    ["s3 with a scheme", { s3: { endpoint: "http://minio.svc:9000/", bucket: "b" } }, "s3:http://minio.svc:9000/b"],
    ["gcs", { gcs: { bucket: "b", prefix: "p/q" } }, "gs:b:/p/q"],
    ["azure", { azure: { container: "c", prefix: "p" } }, "azure:c:/p"],
    ["swift", { swift: { container: "c", prefix: "p" } }, "swift:c:/p"],
    ["b2", { b2: { bucket: "b", prefix: "p" } }, "b2:b:/p"],
    ["rest", { rest: { url: "http://rest:8000/stash/" } }, "rest:http://rest:8000/stash/"],
  ])("%s", (_what, backend, address) => {
    const keys = { B2_ACCOUNT_ID: "id", B2_ACCOUNT_KEY: "key" };
    expect(build(backend, keys).env["RESTIC_REPOSITORY"]).toBe(address);
  });

  test("L66: a leading slash of the prefix means the same in every kind of store", () => {
    expect(build({ gcs: { bucket: "b", prefix: "/a//b/" } }).env["RESTIC_REPOSITORY"]).toBe("gs:b:/a/b");
    expect(build({ azure: { container: "c", prefix: "/a" } }).env["RESTIC_REPOSITORY"]).toBe("azure:c:/a");
    expect(build({ gcs: { bucket: "b" } }).env["RESTIC_REPOSITORY"]).toBe("gs:b:/");
  });

  test("user and password of a REST server are escaped", () => {
    const env = build(
      { rest: { url: "https://h:1/p?x=1" } },
      { REST_SERVER_USERNAME: "u@x", REST_SERVER_PASSWORD: "p/:@" },
    );
    expect(env.env["RESTIC_REPOSITORY"]).toBe("rest:https://u%40x:p%2F%3A%40@h:1/p?x=1");
  });

  test("the first backend counts when several are set", () => {
    const both: Backend = { gcs: { bucket: "g" }, s3: { endpoint: "e", bucket: "s" } };
    expect(build(both).provider).toBe("s3");
  });
});

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";

describe("credentials", () => {
  test("go into the environment, each kind its own", () => {
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "key", AZURE_ACCOUNT_KEY: "other" };
    const { env } = build({ s3: { endpoint: "e", bucket: "b", region: "eu-west-1" } }, keys);
    expect(env).toMatchObject({
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "key",
      AWS_DEFAULT_REGION: "eu-west-1",
    });
    expect(env).not.toHaveProperty("AZURE_ACCOUNT_KEY");
  });

  test("L65: short-lived keys, other kinds of keys, proxies and restic's own settings are passed on", () => {
    const s3 = build({ s3: { endpoint: "e", bucket: "b" } }, { AWS_SESSION_TOKEN: "t", HTTPS_PROXY: "p" });
    expect(s3.env).toMatchObject({ AWS_SESSION_TOKEN: "t", HTTPS_PROXY: "p" });
    const azure = build({ azure: { container: "c" } }, { AZURE_ACCOUNT_SAS: "sas", RESTIC_COMPRESSION: "max" });
    expect(azure.env).toMatchObject({ AZURE_ACCOUNT_SAS: "sas", RESTIC_COMPRESSION: "max" });
    const rest = build(
      { rest: { url: "https://h" } },
      { TLS_CLIENT_CERT_DATA: `${CERTIFICATE}-----BEGIN RSA PRIVATE KEY-----\n` },
    );
    expect(rest.flags).toEqual(["--tls-client-cert", "/secrets/backend/TLS_CLIENT_CERT_DATA"]);
  });

  test("L64: certificates and key files are used where they are mounted, so no copy is left behind", () => {
    const { env, flags } = build(
      { gcs: { bucket: "b" } },
      { CA_CERT_DATA: CERTIFICATE, GOOGLE_SERVICE_ACCOUNT_JSON_KEY: '{"type":"service_account"}' },
    );
    expect(flags).toEqual(["--cacert", "/secrets/backend/CA_CERT_DATA"]);
    expect(env["GOOGLE_APPLICATION_CREDENTIALS"]).toBe("/secrets/backend/GOOGLE_SERVICE_ACCOUNT_JSON_KEY");
  });

  test("never stand in the flags", () => {
    const backend: Backend = { s3: { endpoint: "e", bucket: "b", insecureTLS: true } };
    const access = build(backend, { AWS_ACCESS_KEY_ID: "AKIA", AWS_SECRET_ACCESS_KEY: "hush hush" });
    expect(access.flags).toEqual(["--insecure-tls"]);
    expect(access.secrets).toContain("hush hush");
    expect(access.secrets).toContain("hush%20hush");
  });

  test("that are missing are named", () => {
    expect(() => buildRepositoryAccess({ b2: { bucket: "b" } }, aSecret({ RESTIC_PASSWORD: "" }))).toThrowError(
      expect.objectContaining({
        code: "SECRET_INVALID",
        message: "Secret backend lacks RESTIC_PASSWORD, B2_ACCOUNT_ID, B2_ACCOUNT_KEY",
      }),
    );
  });
});

test("limits of connections become options of the backend", () => {
  expect(build({ gcs: { bucket: "b", maxConnections: 3 } }).flags).toEqual(["--option", "gs.connections=3"]);
  expect(build({ azure: { container: "b", maxConnections: 4 } }).flags).toEqual(["--option", "azure.connections=4"]);
  expect(build({ azure: { container: "b", maxConnections: 0 } }).flags).toEqual([]);
});

test.each<[string, Backend]>([
  ["no backend", {}],
  ["a REST address that is none", { rest: { url: "not a url" } }],
])("%s is told as such", (_what, backend) => {
  expect(() => build(backend)).toThrowError(expect.objectContaining({ code: "BACKEND_INVALID" }));
});

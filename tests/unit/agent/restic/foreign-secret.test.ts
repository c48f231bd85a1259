/** S12: what the owner of a Repository of another namespace puts into its Secret reads nothing of those who use it. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openAskedRepository } from "../../../../agent/work/asked-repository.ts";
import { Env } from "../../../../shared/contract.ts";
import { secretNameBeside } from "../../../../shared/repository/backend-secret.ts";

const GCS = { gcs: { bucket: "b" } };
const S3 = { s3: { endpoint: "https://store", bucket: "b" } };
const KEY = "GOOGLE_SERVICE_ACCOUNT_JSON_KEY";
const OWN = JSON.stringify({ type: "service_account", private_key: "k" });
const TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "foreign-secret-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const secretFolder = (home: string) => join(folder, "secrets", secretNameBeside("store", home, "shop"));

/** restic's environment in a pod of namespace shop. */
function open(home: string, backend: object, values: Readonly<Record<string, string>>) {
  mkdirSync(secretFolder(home), { recursive: true });
  for (const [key, value] of Object.entries({ RESTIC_PASSWORD: "a password", ...values })) {
    writeFileSync(join(secretFolder(home), key), value);
  }
  const repository = JSON.stringify({
    name: "r",
    namespace: home,
    backend: { storageSecretName: "store", ...backend },
  });
  const places = { repository, secretsRoot: join(folder, "secrets"), scratch: join(folder, "scratch") };
  return openAskedRepository({ env: { [Env.PodNamespace]: "shop" }, ...places }).access.env;
}

describe("a file of the container is not sent away", () => {
  const source = { credential_source: { file: TOKEN_FILE }, token_url: "https://elsewhere" };
  test.each([
    ["as what proves an identity to Google", GCS, { [KEY]: JSON.stringify({ type: "external_account", ...source }) }],
    [
      "the same under a name that Go reads too",
      GCS,
      { [KEY]: JSON.stringify({ type: "service_account", TYPE: "external_account" }) },
    ],
    ["as what another identity is had by", GCS, { [KEY]: JSON.stringify({ type: "impersonated_service_account" }) }],
    ["as a token of Amazon", S3, { AWS_ROLE_ARN: "arn", AWS_WEB_IDENTITY_TOKEN_FILE: TOKEN_FILE }],
  ])("%s", (_how, backend, values) => {
    expect(() => open("vault", backend, values)).toThrow(/of a Repository of another namespace, and /);
    expect(() => open("shop", backend, values)).not.toThrow();
  });
});

test("what was looked at stays as it was, and nobody else reads it", () => {
  const { GOOGLE_APPLICATION_CREDENTIALS: path = "" } = open("vault", GCS, { [KEY]: OWN });
  writeFileSync(join(secretFolder("vault"), KEY), JSON.stringify({ type: "external_account" }));
  expect(readFileSync(path, "utf8")).toBe(OWN);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const other = OWN.replace('"k"', '"another"');
  expect(readFileSync(open("vault", GCS, { [KEY]: other })["GOOGLE_APPLICATION_CREDENTIALS"] ?? "", "utf8")).toBe(
    other,
  );
});

test("a Secret of the own namespace is read where it is mounted", () => {
  const { GOOGLE_APPLICATION_CREDENTIALS: path } = open("shop", GCS, { [KEY]: OWN });
  expect(path).toBe(join(secretFolder("shop"), KEY));
});

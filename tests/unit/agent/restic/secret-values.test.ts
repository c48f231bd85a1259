import { describe, expect, test } from "vitest";
import { buildRepositoryAccess } from "../../../../agent/restic/backend.ts";
import type { Backend } from "../../../../shared/api/backend.ts";
import { UserError } from "../../../../shared/errors.ts";

const S3: Backend = { s3: { endpoint: "http://h", bucket: "b" } };
const S3_KEYS = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };

function accessOf(backend: Backend, values: Readonly<Record<string, string>>) {
  const all = new Map(Object.entries({ RESTIC_PASSWORD: "a password", ...values }));
  return buildRepositoryAccess(backend, { name: "store", folder: "/secrets/store", values: all });
}

function refusalOf(backend: Backend, values: Readonly<Record<string, string>>): UserError {
  try {
    accessOf(backend, values);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("C17: a value that can't be right is named by its key before restic runs", () => {
  test.each<[string, Backend, Readonly<Record<string, string>>, string]>([
    ["a line break", S3, { ...S3_KEYS, AWS_ACCESS_KEY_ID: "AKIAEXAMPLE\n" }, "AWS_ACCESS_KEY_ID ends in a line break"],
    ["CRLF", S3, { ...S3_KEYS, AWS_SECRET_ACCESS_KEY: "secret\r\n" }, "AWS_SECRET_ACCESS_KEY ends in a line break"],
    ["a blank", S3, { ...S3_KEYS, AWS_ACCESS_KEY_ID: " AKIAEXAMPLE" }, "AWS_ACCESS_KEY_ID begins or ends with a blank"],
    ["two lines", S3, { ...S3_KEYS, AWS_SESSION_TOKEN: "a\nb" }, "AWS_SESSION_TOKEN holds a line break"],
    ["a zero byte", S3, { ...S3_KEYS, AWS_SESSION_TOKEN: "a\0b" }, "AWS_SESSION_TOKEN holds"],
    ["a proxy", S3, { ...S3_KEYS, HTTPS_PROXY: "http://proxy:3128\n" }, "HTTPS_PROXY ends in a line break"],
    ["B2", { b2: { bucket: "b" } }, { B2_ACCOUNT_ID: "1", B2_ACCOUNT_KEY: "k\n" }, "B2_ACCOUNT_KEY ends"],
    ["Azure", { azure: { container: "c" } }, { AZURE_ACCOUNT_KEY: "not base64!" }, "AZURE_ACCOUNT_KEY is no base64"],
    ["Azure", { azure: { container: "c" } }, { AZURE_ACCOUNT_NAME: "acc\n" }, "AZURE_ACCOUNT_NAME ends"],
    ["GCS", { gcs: { bucket: "b" } }, { GOOGLE_SERVICE_ACCOUNT_JSON_KEY: "AKIA" }, "JSON_KEY is no JSON"],
    ["GCS", { gcs: { bucket: "b" } }, { GOOGLE_SERVICE_ACCOUNT_JSON_KEY: "{}" }, "is no key of a service account"],
    ["Swift", { swift: { container: "c" } }, { OS_PASSWORD: "p\n" }, "OS_PASSWORD ends in a line break"],
    ["REST", { rest: { url: "http://h" } }, { REST_SERVER_USERNAME: "u\n" }, "REST_SERVER_USERNAME ends"],
    ["REST", { rest: { url: "http://h" } }, { REST_SERVER_PASSWORD: "p\n" }, "REST_SERVER_PASSWORD ends"],
    ["a CA", S3, { ...S3_KEYS, CA_CERT_DATA: "LS0tLS1CRUdJTg==" }, "CA_CERT_DATA is no PEM"],
    ["half a client certificate", S3, { ...S3_KEYS, TLS_CLIENT_CERT_DATA: "-----BEGIN CERTIFICATE-----" }, "is no PEM"],
  ])("%s: %#", (_what, backend, values, words) => {
    const refusal = refusalOf(backend, values);
    expect(refusal.code).toBe("SECRET_INVALID");
    expect(refusal.message).toContain("Secret store: ");
    expect(refusal.message).toContain(words);
    for (const value of Object.values(values)) {
      if (value.length > 4) expect(`${refusal.message}${refusal.next}`).not.toContain(value.trim());
    }
  });

  test.each([
    ["OS_PASSWORD", { OS_USERNAME: "u", OS_PASSWORD: "  " }, "OS_PASSWORD is blank"],
    ["ST_KEY", { ST_USER: "u", ST_KEY: "\t " }, "ST_KEY holds a control character"],
    ["ST_KEY", { ST_USER: "u", ST_KEY: " " }, "ST_KEY is blank"],
    ["an empty OS_PASSWORD", { OS_USERNAME: "u", OS_PASSWORD: "" }, "lacks OS_PASSWORD"],
    ["an empty ST_KEY", { ST_USER: "u", ST_KEY: "\n" }, "lacks ST_KEY"],
  ])("Swift's %s that is blank: %#", (_what, values, words) => {
    const refusal = refusalOf({ swift: { container: "c" } }, values);
    expect(refusal).toMatchObject({ code: "SECRET_INVALID", message: expect.stringContaining(words) });
  });

  test("Swift's password may end in a blank, and another proof takes its place", () => {
    const swift: Backend = { swift: { container: "c" } };
    expect(accessOf(swift, { OS_USERNAME: "u", OS_PASSWORD: "p " }).env["OS_PASSWORD"]).toBe("p ");
    accessOf(swift, { OS_USERNAME: "u", OS_APPLICATION_CREDENTIAL_NAME: "n", OS_APPLICATION_CREDENTIAL_SECRET: "s" });
    accessOf(swift, { OS_STORAGE_URL: "http://h", OS_AUTH_TOKEN: "t" });
  });

  test("a project's id is given to restic without what an editor left around it", () => {
    const { env } = accessOf({ gcs: { bucket: "b" } }, { GOOGLE_PROJECT_ID: " my-project\n" });
    expect(env["GOOGLE_PROJECT_ID"]).toBe("my-project");
    expect(refusalOf({ gcs: { bucket: "b" } }, { GOOGLE_PROJECT_ID: "my\nproject" }).message).toContain(
      "GOOGLE_PROJECT_ID",
    );
  });

  test("all of them at once", () => {
    const { message, next } = refusalOf(S3, { AWS_ACCESS_KEY_ID: "a\n", AWS_SECRET_ACCESS_KEY: "b\n" });
    expect(message.match(/ends in a line break/g)).toHaveLength(2);
    expect(next).toContain("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY");
  });

  test("one key of a pair alone, and one that is line breaks alone, are missing", () => {
    expect(refusalOf(S3, { AWS_ACCESS_KEY_ID: "a" }).message).toBe("Secret store lacks AWS_SECRET_ACCESS_KEY");
    expect(refusalOf({ b2: { bucket: "b" } }, { B2_ACCOUNT_ID: "1", B2_ACCOUNT_KEY: "\n" }).message).toContain(
      "B2_ACCOUNT_KEY",
    );
  });

  test("keys of other backends are nobody's concern", () => {
    expect(() => accessOf({ local: { mountPath: "/safe" } }, { AWS_ACCESS_KEY_ID: "a\n", OTHER: "x\n" })).not.toThrow();
  });
});

describe("C23: a password", () => {
  test("that ends in a line break is taken as it is, with a warning that names the key", () => {
    const { env, warnings } = accessOf(S3, { ...S3_KEYS, RESTIC_PASSWORD: "a password\n" });
    expect(env["RESTIC_PASSWORD"]).toBe("a password\n");
    expect(warnings).toEqual([expect.stringMatching(/^RESTIC_PASSWORD of Secret store ends in a line break/)]);
  });

  test("of a line break alone is none", () => {
    expect(refusalOf(S3, { ...S3_KEYS, RESTIC_PASSWORD: "\n" }).message).toBe("Secret store lacks RESTIC_PASSWORD");
  });

  test("with blanks, quotes, accents and line breaks inside is as good as any", () => {
    for (const password of [" a ", "p@s:s/w?rd#%41 +&", "ünï", "a\nb"]) {
      expect(accessOf(S3, { ...S3_KEYS, RESTIC_PASSWORD: password }).warnings).toEqual([]);
    }
    const rest = { rest: { url: "http://h" } };
    expect(() => accessOf(rest, { REST_SERVER_USERNAME: "u", REST_SERVER_PASSWORD: " p@s: " })).not.toThrow();
  });
});

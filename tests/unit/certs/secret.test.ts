/** What two Secrets say together, and in which order they are written. */
import { describe, expect, test } from "vitest";
import { type SecretContents, type StoredSecret, unite } from "../../../certs/secret.ts";

const stored = (contents: Partial<SecretContents>): StoredSecret => ({
  certPem: undefined,
  keyPem: undefined,
  caPem: undefined,
  caKeyPem: undefined,
  previousCaPem: undefined,
  ...contents,
  resourceVersion: "1",
  uid: "u",
});
const serving = { certPem: "cert", keyPem: "key" };

describe("both Secrets together", () => {
  test("say nothing when there are none", () => {
    expect(unite(undefined, undefined)).toBeUndefined();
  });

  test("take the key from where earlier versions kept it", () => {
    const old = stored({ ...serving, caPem: "ca", caKeyPem: "ca key" });
    expect(unite(old, undefined)).toMatchObject({ caPem: "ca", caKeyPem: "ca key" });
  });

  test("take the authority from its own Secret, and keep the one before in the bundle", () => {
    const authority = stored({ caPem: "new", caKeyPem: "new key" });
    const united = (caPem: string, previousCaPem?: string) =>
      unite(stored({ ...serving, caPem, previousCaPem }), authority);
    expect(united("new")).toEqual({ ...serving, caPem: "new", caKeyPem: "new key", previousCaPem: undefined });
    expect(united("new", "old")).toMatchObject({ caPem: "new", previousCaPem: "old" });
    // A process ended between the two writes.
    expect(united("old")).toMatchObject({ caPem: "new", caKeyPem: "new key", previousCaPem: "old" });
    expect(united("old", "older")).toMatchObject({ caPem: "new", previousCaPem: "old" });
  });

  test("are without a key when the authority's Secret is spoilt, whatever is served", () => {
    const united = unite(stored({ ...serving, caPem: "ca" }), stored({ caPem: "ca" }));
    expect(united).toMatchObject({ ...serving, caPem: "ca", caKeyPem: undefined });
  });
});

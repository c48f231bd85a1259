import { describe, expect, test } from "vitest";
import { readPublicAddress } from "../../../../cli/ui/public-address.ts";

describe("the proxy's address", () => {
  test.each([
    ["https://backups.example.com", "backups.example.com", "https://backups.example.com", "/"],
    ["https://Backups.Example.com:443/", "backups.example.com", "https://backups.example.com", "/"],
    ["https://tools.example.com:8443/backups", "tools.example.com:8443", "https://tools.example.com:8443", "/backups/"],
    ["http://localhost:4180/", "localhost:4180", "http://localhost:4180", "/"],
  ])("%s", (text, authority, origin, path) => {
    expect(readPublicAddress(text)).toMatchObject({ authority, origin, path, href: `${origin}${path}` });
  });
});

describe("is refused, with what to write,", () => {
  test.each([
    undefined,
    "",
    "backups.example.com",
    "http://backups.example.com/",
    "http://localhost.example.com/",
    "ftp://localhost/",
    "https://user:word@backups.example.com/",
    "https://backups.example.com/?a=b",
    "https://backups.example.com/#x",
    "https://backups.example.com/a%2fb/",
  ])("%j", (text) => {
    expect(() => readPublicAddress(text)).toThrow(
      expect.objectContaining({ name: "UsageError", next: expect.stringContaining("https://backups.example.com/") }),
    );
  });
});

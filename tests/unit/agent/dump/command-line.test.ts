import { describe, expect, test } from "vitest";
import { splitArguments } from "../../../../agent/dump/command-line.ts";
import { UserError } from "../../../../shared/errors.ts";

describe("L102: arguments are split with quotes, and no shell sees them:", () => {
  test.each<[string, readonly string[]]>([
    ["", []],
    ["   ", []],
    ["--all-databases", ["--all-databases"]],
    ["  -a\t-b\n-c ", ["-a", "-b", "-c"]],
    ["--where='a = 1' x", ["--where=a = 1", "x"]],
    ['--where="it\'s \\"so\\"" ""', ['--where=it\'s "so"', ""]],
    ["a\\ b \\'c", ["a b", "'c"]],
    ["'a'\"b\"c", ["abc"]],
    ['"a\\nb"', ["a\\nb"]],
    ["'a\\'", ["a\\"]],
    [
      "$HOME `id` $(id) ; rm -rf / | x > y & *",
      ["$HOME", "`id`", "$(id)", ";", "rm", "-rf", "/", "|", "x", ">", "y", "&", "*"],
    ],
    ["end\\", ["end\\"]],
    ["é🦆 'ü ß'", ["é🦆", "ü ß"]],
  ])("%j gives %j", (text, expected) => {
    expect(splitArguments(text, "args")).toEqual(expected);
  });

  test.each(["'a", '"a', "a 'b c", '"a\\"'])("%j has a quote that is not closed", (text) => {
    expect(() => splitArguments(text, "args")).toThrow(UserError);
    expect(() => splitArguments(text, "args")).toThrow(/^args: /);
  });
});

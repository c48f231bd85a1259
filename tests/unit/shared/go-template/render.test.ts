import { describe, expect, test } from "vitest";
import { UserError } from "../../../../shared/errors.ts";
import { renderTemplate } from "../../../../shared/go-template/render.ts";
import { CASES, DATA } from "./cases.ts";

const NOW = new Date(1_714_435_200_000);
const render = (template: string) => renderTemplate(template, DATA, NOW);

function faultOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "no error";
}

test.each(CASES)("%s", (template, result) => {
  expect(render(template)).toBe(result);
});

describe("what is not a template", () => {
  test("a text without braces stays as it is, blanks included", () => {
    expect(render("  a } { b ")).toBe("  a } { b ");
  });

  test.each([
    ["{{ .Name ", "has no end"],
    ["{{ if .Name }}x", "has no end"],
    ["{{ end }}", "unexpected {{end}}"],
    ["{{ }}", "an action is empty"],
    ["{{ .Name | }}", "missing value"],
    ["{{ (.Name }}", "missing )"],
    ["{{ nosuch .Name }}", "unknown function nosuch"],
    ["{{ $x }}", "unknown variable $x"],
    ["{{ .Missing.Field }}", ".Field of nothing"],
    ["{{ .Name.Field }}", ".Field of a string"],
    ["{{ eq .Name 1 }}", "can't be compared"],
    ["{{ div 1 0 }}", "division by zero"],
    ['{{ template "x" }}', "is not supported"],
    ['{{ env "HOME" }}', "unknown function env"],
    ["{{ .Name ; }}", "unexpected"],
    ['{{ fail "no" }}', "no"],
    ["{{ index .List 7 }}", "out of range"],
    ["{{ if }}x{{ end }}", "missing value"],
  ])("%s tells what is wrong", (template, words) => {
    expect(faultOf(() => render(template))).toContain(`INVALID_OBJECT template: `);
    expect(faultOf(() => render(template))).toContain(words);
  });
});

describe("what templates can't do", () => {
  test("nothing of JavaScript shows through fields", () => {
    expect(render("{{ .constructor }}{{ .__proto__ }}{{ .toString }}")).toBe("<no value><no value><no value>");
  });

  test("output and steps have an end", () => {
    expect(faultOf(() => render('{{ repeat 900000 "xxxx" }}'))).toContain("too long");
    expect(faultOf(() => render("{{ range 100000 }}{{ range 100000 }}x{{ end }}{{ end }}"))).toContain(
      "too many steps",
    );
  });
});

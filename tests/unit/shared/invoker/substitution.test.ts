// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are what is tested
import { describe, expect, test } from "vitest";
import { UserError } from "../../../../shared/errors.ts";
import { substitute, substituteObject } from "../../../../shared/invoker/substitution.ts";

const VARIABLES = { NAME: "demo-app", EMPTY: "", PATH: "/a/b/c.tar.gz", QUOTE: 'say "hi"\n', UPPER: "ÄBC" };

describe("a reference", () => {
  test.each([
    ["${NAME}", "demo-app"],
    ["stash/${NAME}/x", "stash/demo-app/x"],
    ["${MISSING:=d}", "d"],
    ["${MISSING:-d}", "d"],
    ["${MISSING=d}", "d"],
    ["${MISSING:=}", ""],
    ["${EMPTY:=d}", ""],
    ["${EMPTY:-d}", ""],
    ["${MISSING:=${NAME}}", "demo-app"],
    ["${MISSING:=${ALSO:=x}y}z", "xyz"],
    ["${MISSING:=$$}", "$"],
    ["$$NAME", "$NAME"],
    ["$${NAME}", "${NAME}"],
    ["$NAME costs $5", "$NAME costs $5"],
    ["${#NAME}", "8"],
    ["${#UPPER}", "3"],
    ["${NAME^}", "Demo-app"],
    ["${NAME^^}", "DEMO-APP"],
    ["${UPPER,}", "äBC"],
    ["${UPPER,,}", "äbc"],
    ["${NAME:5}", "app"],
    ["${NAME:0:4}", "demo"],
    ["${NAME:-3}", "demo-app"],
    ["${NAME:99}", ""],
    ["${PATH#*/}", "a/b/c.tar.gz"],
    ["${PATH##*/}", "c.tar.gz"],
    ["${PATH%.*}", "/a/b/c.tar"],
    ["${PATH%%.*}", "/a/b/c"],
    ["${PATH#nothing}", "/a/b/c.tar.gz"],
    ["${NAME/-/_}", "demo_app"],
    ["${NAME//m?/X}", "deX-app"],
    ["${NAME/#demo/prod}", "prod-app"],
    ["${NAME/%app/db}", "demo-db"],
    ["${NAME/p}", "demo-ap"],
    ["${NAME/app/$&}", "demo-$&"],
  ])("%s gives %s", (text, expected) => {
    expect(substitute(text, VARIABLES)).toBe(expected);
  });

  test("without a value or default is an error that names it", () => {
    expect(() => substitute("a ${MISSING} b", VARIABLES)).toThrow(UserError);
    expect(() => substitute("a ${MISSING} b", VARIABLES)).toThrow("variable MISSING has no value");
  });

  test.each(["${NAME", "${}", "${1A}", "${NAME!}", "${MISSING:=${NAME}"])("%s can't be read", (text) => {
    expect(() => substitute(text, VARIABLES)).toThrow(UserError);
  });

  test("does not reach what every object has", () => {
    expect(() => substitute("${toString}", {})).toThrow("toString has no value");
  });
});

test("values with quotes and line breaks leave the object whole", () => {
  const object = { "${NAME}": ["${QUOTE}", 1, null, true, { deep: "<${QUOTE}>" }] };
  expect(substituteObject(object, VARIABLES)).toEqual({
    "${NAME}": ['say "hi"\n', 1, null, true, { deep: '<say "hi"\n>' }],
  });
});

test("L19: an error names the variable and the place in the object", () => {
  const object = { steps: [{ name: "ok" }, { params: [{ name: "a", value: "${MISSING}" }] }] };
  const attempt = () => substituteObject(object, VARIABLES, "Task demo: spec");
  expect(attempt).toThrow("Task demo: spec.steps[1].params[0].value: variable MISSING has no value");
  expect(attempt).toThrow(expect.objectContaining({ code: "VARIABLE_MISSING" }));
});

test("what is put in is not read again", () => {
  expect(substitute("${A}", { A: "${B} $$" })).toBe("${B} $$");
});

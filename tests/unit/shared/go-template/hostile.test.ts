/** S9: whatever a tenant writes into a hook, rendering it ends soon and takes little memory. */
import { afterAll, describe, expect, test } from "vitest";
import { UserError } from "../../../../shared/errors.ts";
import { renderTemplate, renderTemplates, type Value } from "../../../../shared/go-template/render.ts";
import { type RenderingThread, startRenderingThread } from "../../../support/templates/render-apart.ts";

const NOW = new Date(1_714_435_200_000);
/** The slowest of these take a third of it on a free machine. */
const LIMIT_MS = 2_000;
const LIMIT_MIB = 150;
/** Enough to start, not for what the tests render. */
const SMALL_MIB = 40;

/** What comes out, or the words of the fault. Anything else that is thrown fails the test. */
function outcome(template: string, data: Value = {}): string {
  try {
    return renderTemplate(template, data, NOW);
  } catch (error) {
    if (error instanceof UserError) return `fault: ${error.message}`;
    throw error;
  }
}

const times = (count: number, text: string) => text.repeat(count);
const LONG = `{{ $a := repeat 500000 "a" }}`;
const WIDE = `{{ $l := list "x" }}${times(24, "{{ $l = list $l $l }}")}`;
const NESTED = (open: string, inner: string, close: string, count = 20_000) =>
  times(count, open) + inner + times(count, close);

const COSTLY: readonly (readonly [string, string])[] = [
  ["a text that doubles", `{{ $a := "xxxxxxxx" }}${times(40, "{{ $a = print $a $a }}")}{{ len $a }}`],
  ["a text that doubles by printf", `{{ $a := "xxxxxxxx" }}${times(40, '{{ $a = printf "%s%s" $a $a }}')}{{ len $a }}`],
  ["a text that doubles by cat", `{{ $a := "xxxxxxxx" }}${times(40, "{{ $a = cat $a $a }}")}{{ len $a }}`],
  ["a text that doubles by join", `{{ $a := "xxxxxxxx" }}${times(40, '{{ $a = join "" (list $a $a) }}')}{{ len $a }}`],
  ["one call with a long text often", `${LONG}{{ print ${times(5_000, "$a ")} }}`],
  ["a text that is repeated", `${LONG}{{ repeat 1000000 $a }}`],
  ["a text between every letter", `${LONG}{{ replace "" $a $a }}`],
  ["a text instead of every letter", `${LONG}{{ replace "a" $a $a }}`],
  ["a separator that is long", `${LONG}{{ join $a (splitList "" $a) }}`],
  ["lines that are moved", `{{ indent 1000 (repeat 500000 "\\n") }}`],
  ["lines that are moved and begun", `{{ nindent 1000 (repeat 500000 "\\n") }}`],
  ["wide fields", `{{ printf "${times(15_000, "%9999d")}" ${times(15_000, "1 ")} }}`],
  ["a list that doubles, printed", `${WIDE}{{ $l }}`],
  ["a list that doubles, as JSON", `${WIDE}{{ toJson $l }}`],
  ["a list that doubles, as a text for another function", `${WIDE}{{ contains "y" $l }}`],
  ["a list that doubles, compared", `${WIDE}{{ lt $l $l }}`],
  ["a map that doubles", `{{ $m := dict "a" "b" }}${times(40, '{{ $m = dict "l" $m "r" $m }}')}{{ $m }}`],
  ["a list that grows", "{{ $l := list }}{{ range $i := 90000 }}{{ $l = append $l $i }}{{ end }}{{ len $l }}"],
  [
    "a list that is searched",
    '{{ $l := splitList "" (repeat 90000 "a") }}{{ range $i := 90000 }}{{ if has "b" $l }}{{ end }}{{ end }}',
  ],
  ["a list in a list in a list", "{{ $l := list }}{{ range $i := 90000 }}{{ $l = list $l }}{{ end }}{{ $l }}"],
  ["deep JSON", `{{ fromJson (print (repeat 200000 "[") (repeat 200000 "]")) }}`],
  ["deep JSON, written", `{{ toPrettyJson (fromJson (print (repeat 90 "[") "1" (repeat 90 "]"))) | len }}`],
  ["a pattern that goes back", `{{ regexMatch "^(a+)+$" "${times(60, "a")}!" }}`],
  ["a pattern that goes back, found", `{{ regexFind "(x+x+)+y" "${times(5_000, "x")}" }}`],
  ["a pattern that goes back, replaced", `{{ regexReplaceAll "(a|a)*b" "${times(5_000, "a")}" "" }}`],
  ["a pattern that reads on at every match", `{{ regexReplaceAll "a|b.*c" (repeat 100000 "a") "" | len }}`],
  ["a pattern of many empty ways", `{{ regexMatch "(a?){1000}a{1000}" (repeat 1000 "a") }}`],
  ["a pattern of many steps", `{{ regexMatch "${times(80, "[a-z]{1000}")}" (repeat 100000 "a") }}`],
  ["a pattern of repeated repetitions", `{{ regexMatch "((((a{100}){100}){100}){100})" "a" }}`],
  ["a long pattern", `{{ regexMatch (repeat 500000 "a?") (repeat 500000 "a") }}`],
  ["many patterns", '{{ range $i := 90000 }}{{ if regexMatch (printf "a{%d}" $i) "b" }}{{ end }}{{ end }}'],
  ["a replacement that grows", `${LONG}{{ regexReplaceAll "a" $a (repeat 100000 "$0") }}`],
  ["loops in loops", NESTED("{{ range $i := 90000 }}", "x", "{{ end }}", 50)],
  ["a loop over a count without end", "{{ range $i := 1e300 }}{{ end }}"],
  ["empty loops in a loop", "{{ range $i := 90000 }}{{ range $j := 90000 }}{{ end }}{{ end }}"],
  ["a verb of many zeros that is none", `{{ printf (print "%" (repeat 400000 "0") "!") | len }}`],
  ["many zones", `{{ range $i := 20000 }}{{ if dateInZone "2006" $i "Europe/Berlin" }}{{ end }}{{ end }}`],
  ["long layouts", `{{ $l := repeat 100000 "2006" }}{{ range $i := 20 }}{{ if date $l $i }}{{ end }}{{ end }}`],
  ["brackets in brackets", `{{ ${NESTED("(", "1", ")")} }}`],
  ["blocks in blocks", NESTED("{{ if true }}", "x", "{{ end }}")],
  ["else if after else if", `{{ if false }}${times(20_000, "{{ else if false }}")}{{ end }}`],
  ["an action without end", `{{ ${times(500_000, "(")}`],
  ["a comment without end", times(20_000, "{{/* ")],
  ["blanks", `{{${times(500_000, " ")}1${times(500_000, " ")}}}`],
  ["numbers of many digits", `{{ ${times(200_000, "1")}! }}`],
  ["digits behind a point", '{{ printf "%.9999f" 1.5 }}'],
  ["a letter that is none", '{{ printf "%c" 99999999999 }}'],
  ["a time that is none", '{{ date "2006" 1e300 }}'],
];

describe("S9: rendering ends in time", () => {
  // Of what one leaves the next must not be blamed, so what counts is what is held, not what was not yet thrown away.
  let thread: RenderingThread | undefined;
  afterAll(() => thread?.stop());

  test.each(COSTLY)("%s", async (_name, template) => {
    thread ??= startRenderingThread(LIMIT_MIB);
    const { said, cpuMs } = await thread.render(template);
    expect(cpuMs).toBeLessThan(LIMIT_MS);
    expect(said.length).toBeLessThan(1_100_000);
  });

  test("one that holds more than the thread may is found", async () => {
    const small = startRenderingThread(SMALL_MIB);
    const [, grows = ""] = COSTLY.find(([name]) => name === "a list that grows") ?? [];
    await expect(small.render(grows)).rejects.toThrow("memory");
  });
});

describe("S9: texts that belong together", () => {
  const costly = (count: number) => Array.from({ length: count }, () => "{{ range $i := 30000 }}{{ end }}x");

  test("may take together what one of them may", () => {
    expect(renderTemplates(costly(2), {}, NOW)).toEqual(["x", "x"]);
    expect(() => renderTemplates(costly(1_000), {}, NOW)).toThrow("it takes too many steps");
  });

  test("each have their own result", () => {
    expect(renderTemplates(["{{ 1 }}", "plain", "{{ $a := 2 }}{{ $a }}"], {}, NOW)).toEqual(["1", "plain", "2"]);
    expect(() => renderTemplates(["{{ $a := 2 }}", "{{ $a }}"], {}, NOW)).toThrow("unknown variable");
  });
});

describe("S9: what costs little still works", () => {
  test.each([
    ['{{ regexMatch "^(a+)+$" "aaaa" }}', "true"],
    ['{{ regexFind "\\\\d{3,}" "ab12cd1234" }}', "1234"],
    ['{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W" }}', "-W-xxW-"],
    ['{{ regexReplaceAll "a(x*)b" "-ab-axxb-" "$1W" }}', "---"],
    ['{{ regexReplaceAll "(?P<key>\\\\w+)=" "a=1,b=2" "$key:" }}', "a:1,b:2"],
    ['{{ regexReplaceAll "a*" "baaac" "-" }}', "-b-c-"],
    ['{{ regexReplaceAll "" "abc" "-" }}', "-a-b-c-"],
    ['{{ regexReplaceAll "a" "banana" "$$" }}', "b$n$n$"],
    ['{{ regexReplaceAll "[^a-z]+" .Text " " | len }}', "4000"],
    ["{{ range $i := until }}{{ end }}{{ len (repeat 1000 .Text) }}", "fault: template: unknown function until"],
    ['{{ indent 2 "a\\nb" }}', "a\n  b"],
  ])("%s", (template, result) => {
    expect(outcome(template, { Text: times(1_000, "abc9") })).toBe(result);
  });

  test("a pattern that JavaScript knows and RE2 does not is refused, as in Go", () => {
    expect(outcome('{{ regexMatch "(?=a)b" "ab" }}')).toContain("is no pattern");
    expect(outcome('{{ regexMatch "(a)\\\\1" "aa" }}')).toContain("is no pattern");
  });
});

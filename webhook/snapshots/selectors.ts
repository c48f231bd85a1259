/** Label and field selectors of a list, as the query of Kubernetes writes them. Pure. */
import { Refusal } from "./status.ts";

type Facts = Readonly<Record<string, string>>;
export type Matches = (facts: Facts) => boolean;

/** Names are data: `constructor` is no label unless somebody gave it. */
function valueIn(facts: Facts, key: string): string | undefined {
  return Object.hasOwn(facts, key) ? facts[key] : undefined;
}

/** Longer than anybody writes, and short enough to be read for each snapshot. */
const MAX_LENGTH = 4_096;
const MAX_REQUIREMENTS = 64;
const KEY = "[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?";
const VALUE = "[-A-Za-z0-9_.]*";

const FORMS: readonly (readonly [RegExp, (key: string, text: string) => Matches])[] = [
  [new RegExp(`^(?<key>${KEY})$`), (key) => (facts) => valueIn(facts, key) !== undefined],
  [new RegExp(`^!\\s*(?<key>${KEY})$`), (key) => (facts) => valueIn(facts, key) === undefined],
  [new RegExp(`^(?<key>${KEY})\\s*==?\\s*(?<text>${VALUE})$`), (key, text) => (facts) => valueIn(facts, key) === text],
  [new RegExp(`^(?<key>${KEY})\\s*!=\\s*(?<text>${VALUE})$`), (key, text) => (facts) => valueIn(facts, key) !== text],
  [
    new RegExp(`^(?<key>${KEY})\\s+in\\s*\\((?<text>[^()]*)\\)$`),
    (key, text) => {
      const values = valuesOf(text);
      return (facts) => values.includes(valueIn(facts, key));
    },
  ],
  [
    new RegExp(`^(?<key>${KEY})\\s+notin\\s*\\((?<text>[^()]*)\\)$`),
    (key, text) => {
      const values = valuesOf(text);
      return (facts) => !values.includes(valueIn(facts, key));
    },
  ],
];

function valuesOf(text: string): readonly (string | undefined)[] {
  const values = text.split(",").map((value) => value.trim());
  for (const value of values) if (!new RegExp(`^${VALUE}$`).test(value)) throw unreadable(value);
  return values;
}

function unreadable(text: string): Refusal {
  return new Refusal("BadRequest", `unable to parse requirement: ${JSON.stringify(text.slice(0, 80))}`);
}

/** Parts at commas, but not at those between brackets. */
function partsOf(text: string): readonly string[] {
  if (text.length > MAX_LENGTH) throw new Refusal("BadRequest", `a selector has at most ${MAX_LENGTH} characters`);
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "(") depth++;
    if (text[at] === ")") depth--;
    if (text[at] !== "," || depth > 0) continue;
    parts.push(text.slice(from, at));
    from = at + 1;
  }
  parts.push(text.slice(from));
  if (parts.length > MAX_REQUIREMENTS) {
    throw new Refusal("BadRequest", `a selector has at most ${MAX_REQUIREMENTS} requirements`);
  }
  return parts.map((part) => part.trim());
}

/** @throws Refusal BadRequest */
export function parseLabelSelector(text: string): Matches {
  if (text.trim() === "") return () => true;
  const requirements = partsOf(text).map((part) => {
    for (const [form, build] of FORMS) {
      const groups = form.exec(part)?.groups;
      if (groups !== undefined) return build(groups["key"] ?? "", groups["text"] ?? "");
    }
    throw unreadable(part);
  });
  return (facts) => requirements.every((matches) => matches(facts));
}

/** What can be selected by. Another field would match nothing, and nobody would know why. */
const SELECTABLE_FIELDS = ["metadata.name", "metadata.namespace", "status.hostname", "status.repository"] as const;

export interface FieldSelector {
  readonly matches: Matches;
  /** The one name that is asked for: rights may be for it alone. */
  readonly name: string | undefined;
}

/** @throws Refusal BadRequest, also for a field that can't be selected by */
export function parseFieldSelector(text: string): FieldSelector {
  if (text.trim() === "") return { matches: () => true, name: undefined };
  const terms = partsOf(text).map((part) => {
    const {
      field,
      operator,
      value = "",
    } = /^(?<field>[^=!]+)(?<operator>!=|==|=)(?<value>.*)$/.exec(part)?.groups ?? {};
    if (field === undefined) throw unreadable(part);
    if (!SELECTABLE_FIELDS.some((known) => known === field)) {
      throw new Refusal("BadRequest", `field label not supported: ${field.slice(0, 80)}`);
    }
    // A backslash stands before a comma, an equals sign or another one.
    return { field, isEqual: operator !== "!=", value: value.replace(/\\(.)/g, "$1") };
  });
  return {
    matches: (facts) => terms.every(({ field, isEqual, value }) => (valueIn(facts, field) === value) === isEqual),
    name: terms.find(({ field, isEqual }) => isEqual && field === "metadata.name")?.value,
  };
}

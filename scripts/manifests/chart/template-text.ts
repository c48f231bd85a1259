/**
 * Turns objects into text of a Helm template. Expressions and conditions stand in the objects as marks, plain words that no manifest
 * has, and are put in when the YAML is written: so the rest is written by the same code as install.yaml.
 */
import { stringify } from "yaml";
import { isJsonObject } from "../../../shared/json/value.ts";

type Place = (indent: string) => readonly string[];

/** Value of a key that is a mark itself. */
const MARKED = "marked";

/** Marks of one template. */
export class TemplateText {
  readonly #inline: string[] = [];
  readonly #lines: Place[] = [];

  /** A mark for an expression within a text, or for a whole value. */
  inline(expression: string): string {
    this.#inline.push(expression);
    return `HELMINLINE${this.#inline.length - 1}X`;
  }

  /** A mark for lines: as an item of a list, or as the key of an object whose value is `marked`. */
  lines(place: Place): string {
    this.#lines.push(place);
    return `HELMLINES${this.#lines.length - 1}X`;
  }

  /** As lines(), spread into an object. */
  entry(place: Place): Readonly<Record<string, string>> {
    return { [this.lines(place)]: MARKED };
  }

  /** Lines of a value, only under a condition. */
  when(condition: string, value: unknown): Place {
    return (indent) => [`{{- if ${condition} }}`, ...this.yaml(value, indent), "{{- end }}"];
  }

  /** YAML of a value at a depth, with its marks. */
  yaml(value: unknown, indent: string): readonly string[] {
    const text = stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();
    return text.split("\n").map((line) => `${indent}${line}`);
  }

  /** The text of objects, one document each. Braces of their own are kept from Helm. */
  render(objects: readonly unknown[]): string {
    const documents = objects.map((object) => this.#fill(this.yaml(escapeBraces(object), "")).join("\n"));
    return `${documents.join("\n---\n")}\n`;
  }

  #fill(lines: readonly string[]): readonly string[] {
    return lines.flatMap((line) => {
      const marked = /^( *)(?:- )?HELMLINES(\d+)X(?:: marked)?$/.exec(line);
      const place = marked === null ? undefined : this.#lines[Number(marked[2])];
      if (place !== undefined) return this.#fill(place(marked?.[1] ?? ""));
      return [line.replaceAll(/HELMINLINE(\d+)X/g, (_mark, at: string) => `{{ ${this.#inline[Number(at)]} }}`)];
    });
  }
}

function escapeBraces(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("{{", "{{`{{`}}");
  if (Array.isArray(value)) return value.map(escapeBraces);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, escapeBraces(child)]));
}

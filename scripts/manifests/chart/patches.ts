/** The overlays' patches, as parts of a template that a value switches on. */
import { isJsonObject } from "../../../shared/json/value.ts";
import type { TemplateText } from "./template-text.ts";

/** An operation of a JSON patch, as the overlays have them. */
export interface Addition {
  readonly path: string;
  readonly value: unknown;
}

/** @throws Error for an operation that is none of the overlays' */
export function readAdditions(operations: unknown): readonly Addition[] {
  if (!Array.isArray(operations)) throw new Error("a patch is a list");
  return operations.map((one: unknown) => {
    if (!isJsonObject(one) || one["op"] !== "add" || typeof one["path"] !== "string") {
      throw new Error(`a patch of an overlay that the chart does not understand: ${JSON.stringify(one)}`);
    }
    return { path: one["path"], value: one["value"] };
  });
}

/**
 * The object with what the patch adds, wherever the condition holds.
 *
 * @param convert puts marks for names into a value
 */
export function withAddition(
  object: unknown,
  { path, value }: Addition,
  text: TemplateText,
  condition: string,
  convert: (value: unknown) => unknown,
): unknown {
  const added = convert(value);
  const walk = (node: unknown, [key = "", ...rest]: readonly string[]): unknown => {
    if (Array.isArray(node)) {
      if (key === "-") return [...node, text.lines(text.when(condition, [added]))];
      return node.map((item: unknown, at) => (String(at) === key ? walk(item, rest) : item));
    }
    if (!isJsonObject(node)) throw new Error(`${path}: there is nothing to add to`);
    if (rest.length > 0) return { ...node, [key]: walk(node[key], rest) };
    if (Object.hasOwn(node, key)) throw new Error(`${path}: is there already`);
    return { ...node, ...text.entry(text.when(condition, { [key]: added })) };
  };
  return walk(object, path.split("/").slice(1));
}

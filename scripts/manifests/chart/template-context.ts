/** What the parts of the chart's generator share: names in the manifests and in the values, and changes within objects. */
import { join } from "node:path";
import { parse } from "yaml";
import { isJsonObject, textAt } from "../../../shared/json/value.ts";
import type { ReadText } from "../compose.ts";
import { type Addition, readAdditions, withAddition } from "./patches.ts";
import type { TemplateText } from "./template-text.ts";

export const MANIFESTS = join(import.meta.dirname, "../../../manifests");
const NAMESPACE = "stash-batch";
/** The namespace that the overlay `namespaced` names. */
const WATCHED = "applications";

export const RELEASE_NAMESPACE = ".Release.Namespace";
export const WATCHES_ONE = ".Values.watchNamespace";
export const SERVES_SNAPSHOTS = ".Values.snapshotApi.enabled";

export interface Context {
  readonly text: TemplateText;
  readonly readText: ReadText;
}

export interface ChartFile {
  /** From the chart's folder. */
  readonly path: string;
  readonly text: string;
}

/** Puts marks for the release's namespace, and for the one that is looked after, wherever the manifests name theirs. */
export function withNamespaces(node: unknown, text: TemplateText): unknown {
  const release = (suffix = "") => text.inline(`${RELEASE_NAMESPACE}${suffix}`);
  const walk = (value: unknown, key: string): unknown => {
    if (typeof value === "string") {
      if (value === WATCHED) return text.inline(`${WATCHES_ONE} | quote`);
      if (value === `--watch-namespace=${WATCHED}`) return `--watch-namespace=${text.inline(WATCHES_ONE)}`;
      if (value === NAMESPACE && key === "namespace") return release(" | quote");
      return value
        .replace(`serviceaccount:${NAMESPACE}:`, () => `serviceaccount:${release()}:`)
        .replace(`.${NAMESPACE}.svc`, () => `.${release()}.svc`)
        .replace(`${NAMESPACE}/`, () => (value.includes("invalid") ? `${NAMESPACE}/` : `${release()}/`));
    }
    if (Array.isArray(value)) return value.map((item: unknown) => walk(item, key));
    if (!isJsonObject(value)) return value;
    const isByName = value["key"] === "kubernetes.io/metadata.name";
    return Object.fromEntries(
      Object.entries(value).map(([name, child]) => [
        name,
        walk(child, isByName && name === "values" ? "namespace" : name),
      ]),
    );
  };
  return walk(node, "");
}

function overlayPatch({ readText }: Context, file: string): readonly Addition[] {
  return readAdditions(parse(readText(join(MANIFESTS, "overlays", file))));
}

/** Applies the additions of a file of an overlay under a condition. */
export function patched(context: Context, object: unknown, file: string, condition: string): unknown {
  const { text } = context;
  return overlayPatch(context, file).reduce<unknown>(
    (result, addition) => withAddition(result, addition, text, condition, (value) => withNamespaces(value, text)),
    object,
  );
}

export function isNamed(object: unknown, kind: string, name = NAMESPACE): boolean {
  return textAt(object, "kind") === kind && textAt(object, "metadata", "name") === name;
}

/** Replaces what stands at a path. */
export function at(node: unknown, path: readonly (string | number)[], change: (value: unknown) => unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return change(node);
  if (Array.isArray(node)) return node.map((item: unknown, index) => (index === key ? at(item, rest, change) : item));
  if (!isJsonObject(node)) throw new Error(`no ${String(key)} to change`);
  return { ...node, [key]: at(node[key], rest, change) };
}

export function merged(value: unknown, more: object): unknown {
  return isJsonObject(value) ? { ...value, ...more } : value;
}

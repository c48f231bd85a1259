/** An API server's memory for objects of any kind: names are unique, patches change what is there, versions count up. */
import { applyPatch, type Operation } from "fast-json-patch";
import { isJsonObject, textAt } from "../../../shared/json/value.ts";
import { KubeError } from "../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Patch } from "../../../shared/kube/client/patch.ts";
import type { Resource } from "../../../shared/kube/resource.ts";

type Json = Record<string, unknown>;

export class FakeApi {
  readonly #objects = new Map<string, Json>();
  /** `verb plural namespace/name` of each write, in order. */
  readonly writes: string[] = [];
  reads = 0;
  #version = 0;

  /** Puts an object as if somebody else had written it. */
  put(plural: string, object: Json): void {
    const key = keyOf(plural, textAt(object, "metadata", "namespace"), textAt(object, "metadata", "name") ?? "");
    this.#store(key, structuredClone(object));
  }

  get(plural: string, namespace: string, name: string): Json | undefined {
    return this.#objects.get(keyOf(plural, namespace, name));
  }

  names(plural: string): readonly string[] {
    return [...this.#objects.keys()]
      .filter((key) => key.startsWith(`${plural} `))
      .map((key) => key.slice(plural.length + 1));
  }

  #store(key: string, object: Json): Json {
    this.#version += 1;
    const metadata = isJsonObject(object["metadata"]) ? object["metadata"] : {};
    const stored = { ...object, metadata: { uid: `uid-${key}`, ...metadata, resourceVersion: String(this.#version) } };
    this.#objects.set(key, stored);
    return stored;
  }

  #note(verb: string, key: string): void {
    this.writes.push(`${verb} ${key}`);
  }

  readonly client: Pick<KubeClient, "create" | "delete" | "find" | "list" | "patch"> = {
    find: async (resource, namespace, name, parse) => {
      this.reads += 1;
      const object = this.#objects.get(keyOf(resource.plural, namespace, name));
      return object === undefined ? undefined : parse(structuredClone(object));
    },
    list: async (resource, namespace, parse) => {
      const items = this.names(resource.plural)
        .filter((name) => namespace === undefined || name.startsWith(`${namespace}/`))
        .map((name) => parse(structuredClone(this.#objects.get(`${resource.plural} ${name}`))));
      return { items, resourceVersion: String(this.#version) };
    },
    create: async (resource, namespace, body, parse) => {
      const key = keyOf(resource.plural, namespace, textAt(body, "metadata", "name") ?? "");
      if (this.#objects.has(key)) throw refusal(resource, 409, "AlreadyExists");
      this.#note("create", key);
      return parse(this.#store(key, asJson(structuredClone(body))));
    },
    patch: async (resource, namespace, name, patch, parse) => {
      const key = keyOf(resource.plural, namespace, name);
      const present = this.#objects.get(key);
      if (present === undefined && patch.kind !== "apply") throw refusal(resource, 404, "NotFound");
      this.#note(patch.kind, key);
      return parse(this.#store(key, patched(present ?? {}, patch)));
    },
    delete: async (resource, namespace, name) => {
      const key = keyOf(resource.plural, namespace, name);
      if (!this.#objects.delete(key)) return false;
      this.#note("delete", key);
      return true;
    },
  };
}

function keyOf(plural: string, namespace: string | undefined, name: string): string {
  return `${plural} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function refusal(resource: Resource, status: number, reason: string): KubeError {
  return new KubeError({ action: `write ${resource.plural}`, status, reason, detail: reason });
}

function asJson(value: unknown): Json {
  if (!isJsonObject(value)) throw new Error("no object");
  return { ...value };
}

function patched(present: Json, patch: Patch): Json {
  const copy = structuredClone(present);
  if (patch.kind === "json") {
    const operations: Operation[] = JSON.parse(JSON.stringify(patch.operations));
    return asJson(applyPatch(copy, operations, true).newDocument);
  }
  // Server-side apply sets what is named; for one owner that is a merge whose lists are replaced.
  return merged(copy, asJson(structuredClone(patch.body)));
}

function merged(present: Json, change: Json): Json {
  const result: Json = { ...present };
  for (const [key, value] of Object.entries(change)) {
    const before = result[key];
    if (value === null) delete result[key];
    else result[key] = isJsonObject(value) && isJsonObject(before) ? merged({ ...before }, { ...value }) : value;
  }
  return result;
}

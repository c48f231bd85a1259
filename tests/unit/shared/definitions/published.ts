/** What an API server publishes of definitions: documents of OpenAPI, as `/openapi/v3` has them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { KINDS } from "../../../../shared/api/kinds.ts";
import { objectsAt } from "../../../../shared/injection/workload.ts";
import { parseJson, textAt, valueAt } from "../../../../shared/json/value.ts";
import { KubeError } from "../../../../shared/kube/client/error.ts";
import type { KubeClient } from "../../../../shared/kube/client/interface.ts";

const CRDS = resolve(import.meta.dirname, "../../../../manifests/crds");

/** As text, so that each test has its own. */
const FILES = JSON.stringify(
  readdirSync(CRDS)
    .filter((file) => file !== "kustomization.yaml")
    .map((file) => {
      const definition: unknown = parse(readFileSync(join(CRDS, file), "utf8"));
      const schema = valueAt(objectsAt(definition, "spec", "versions")[0], "schema", "openAPIV3Schema");
      return [textAt(definition, "spec", "names", "kind"), schema];
    }),
);

/** The schemas of the files in manifests/crds, by kind; each may be changed. */
export function schemasOfFiles(): Map<string, unknown> {
  const read = parseJson(FILES);
  const pairs = Array.isArray(read) ? read : [];
  return new Map(pairs.map(([kind, schema]) => [String(kind), schema]));
}

/** Takes one field out of the schema of a kind; `[]` steps into a list. */
export function dropField(schemas: ReadonlyMap<string, unknown>, kind: string, path: string): void {
  const keys = path.split(".");
  const steps = keys.slice(0, -1).flatMap((key) => (key === "[]" ? ["items"] : ["properties", key]));
  const properties = valueAt(schemas.get(kind), ...steps, "properties");
  if (!Reflect.has(Object(properties), keys.at(-1) ?? "")) throw new Error(`${kind} has no ${path}`);
  Reflect.deleteProperty(Object(properties), keys.at(-1) ?? "");
}

/** An API server that publishes these schemas, and notes what it is asked. */
export function aPublisher(schemas: ReadonlyMap<string, unknown>) {
  const state = { schemas, version: 1, refusal: undefined as number | undefined };
  const asked: string[] = [];
  const client: Pick<KubeClient, "read"> = {
    async read(path) {
      asked.push(path);
      const { refusal } = state;
      if (refusal !== undefined) throw new KubeError({ action: "read", status: refusal, reason: "No", detail: "no" });
      const stored = Object.values(KINDS).filter(({ kind }) => state.schemas.has(kind));
      const url = (apiVersion: string) => `/openapi/v3/apis/${apiVersion}?hash=${state.version}`;
      if (path === "/openapi/v3") {
        const paths = stored.map(({ apiVersion }) => [`apis/${apiVersion}`, { serverRelativeURL: url(apiVersion) }]);
        return JSON.stringify({ paths: Object.fromEntries(paths) });
      }
      const components = stored
        .filter(({ apiVersion }) => path === `/openapi/v3/apis/${apiVersion}`)
        .flatMap(({ kind, group, version }) => {
          const ofKind = (name: string) => ({ "x-kubernetes-group-version-kind": [{ group, version, kind: name }] });
          return [
            [`com.appscode.${kind}`, { ...Object(state.schemas.get(kind)), ...ofKind(kind) }],
            [`com.appscode.${kind}List`, { type: "object", ...ofKind(`${kind}List`) }],
          ];
        });
      return JSON.stringify({ components: { schemas: Object.fromEntries(components) } });
    },
  };
  return { client, state, asked };
}

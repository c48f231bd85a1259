/** A small resource with a status, for tests that need one of their own. */
import { messageOf } from "../../../shared/errors.ts";
import { asIs, type KubeClient } from "../../../shared/kube/client/interface.ts";
import type { Resource } from "../../../shared/kube/resource.ts";
import { eventually } from "../eventually.ts";

const NAMESPACES: Resource = { group: "", version: "v1", plural: "namespaces", namespaced: false };
const DEFINITIONS: Resource = {
  group: "apiextensions.k8s.io",
  version: "v1",
  plural: "customresourcedefinitions",
  namespaced: false,
};

const HOST = {
  type: "object",
  properties: { hostname: { type: "string" }, phase: { type: "string", enum: ["Pending", "Running", "Done"] } },
};
const SCHEMA = {
  type: "object",
  properties: {
    spec: { type: "object", properties: { size: { type: "integer", minimum: 1 } } },
    status: { type: "object", properties: { phase: { type: "string" }, hosts: { type: "array", items: HOST } } },
  },
};

export interface Widgets {
  readonly resource: Resource;
  /** Namespace of the test's own. */
  readonly namespace: string;
  build(name: string, spec?: unknown): unknown;
  remove(): Promise<void>;
}

/** Defines widgets in a group named after the test, and makes a namespace of that name. */
export async function defineWidgets(client: KubeClient, test: string): Promise<Widgets> {
  const group = `${test}.test`;
  const resource = { group, version: "v1", plural: "widgets", namespaced: true };
  const names = { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" };
  const schema = { openAPIV3Schema: SCHEMA };
  const versions = [{ name: "v1", served: true, storage: true, subresources: { status: {} }, schema }];
  const name = `widgets.${group}`;
  const definition = { metadata: { name }, spec: { group, scope: "Namespaced", names, versions } };
  await client.create(NAMESPACES, undefined, { metadata: { name: test } }, asIs);
  await client.create(DEFINITIONS, undefined, definition, asIs);
  const faultOf = () => client.list(resource, test, asIs).then(() => undefined, messageOf);
  await eventually(faultOf, undefined, 30_000);
  return {
    resource,
    namespace: test,
    build: (widget, spec = { size: 1 }) => ({
      apiVersion: `${group}/v1`,
      kind: "Widget",
      metadata: { name: widget },
      spec,
    }),
    async remove() {
      await client.delete(DEFINITIONS, undefined, name);
      await client.delete(NAMESPACES, undefined, test);
    },
  };
}

/** What clients are told of the Snapshot API: groups, resources, and the schema for `kubectl explain`. Pure. */
import { KINDS } from "../../shared/api/kinds.ts";

const { group, version, apiVersion, kind, plural, singular, shortNames, categories } = KINDS.Snapshot;

const GROUP_VERSION = { groupVersion: apiVersion, version };
const GROUP = { name: group, versions: [GROUP_VERSION], preferredVersion: GROUP_VERSION };

const GROUPS = { kind: "APIGroupList", apiVersion: "v1", groups: [GROUP] };

/**
 * `delete` is answered and not listed: Kubernetes deletes what it finds by this verb, one by one, when a namespace is deleted, and a
 * namespace that goes must not take its backups with it.
 */
const RESOURCES = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: apiVersion,
  resources: [
    { name: plural, singularName: singular, namespaced: true, kind, verbs: ["get", "list"], shortNames, categories },
  ],
};

const text = (description: string) => ({ type: "string", description });
const count = (description: string) => ({ type: "integer", format: "int64", description });
const texts = (description: string) => ({ type: "array", items: { type: "string" }, description });

const SCHEMA = {
  type: "object",
  description: "A restic snapshot in a Repository, as the repository was last listed.",
  required: ["metadata", "status"],
  properties: {
    apiVersion: text("Version of this form."),
    kind: text("Kind of the object."),
    metadata: { type: "object", description: "Its name is REPOSITORY-ID, its uid the id in full." },
    status: {
      type: "object",
      description: "What restic tells of it.",
      required: ["tree", "paths", "hostname", "username", "uid", "gid", "repository"],
      properties: {
        tree: text("Id of its root folder."),
        paths: texts("Saved paths."),
        hostname: text("Host that was saved."),
        username: text("User that saved it."),
        uid: count("uid of that user."),
        gid: count("Its group."),
        tags: texts("Its tags."),
        repository: text("Name of the Repository that holds it."),
      },
    },
  },
  "x-kubernetes-group-version-kind": [{ group, version, kind }],
};

const ROOT = `apis/${group}/${version}`;
const SCHEMA_NAME = `com.appscode.stash.repositories.${version}.${kind}`;

function operation(action: string, summary: string) {
  const schema = { $ref: `#/components/schemas/${SCHEMA_NAME}` };
  return {
    operationId: `${action}${kind}`,
    summary,
    responses: { 200: { description: "OK", content: { "application/json": { schema } } } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
  };
}

const OPEN_API = {
  openapi: "3.0.0",
  info: { title: "Snapshots of stash-batch", version },
  paths: {
    [`/${ROOT}/namespaces/{namespace}/${plural}`]: { get: operation("list", "Lists snapshots.") },
    [`/${ROOT}/namespaces/{namespace}/${plural}/{name}`]: {
      get: operation("get", "Reads a snapshot."),
      delete: operation("delete", "Deletes a snapshot from its repository."),
    },
  },
  components: { schemas: { [SCHEMA_NAME]: SCHEMA } },
};

const OPEN_API_INDEX = { paths: { [ROOT]: { serverRelativeURL: `/openapi/v3/${ROOT}` } } };

/** By path. */
export const DISCOVERY: ReadonlyMap<string, object> = new Map<string, object>([
  ["/apis", GROUPS],
  [`/apis/${group}`, { kind: "APIGroup", apiVersion: "v1", ...GROUP }],
  [`/apis/${group}/${version}`, RESOURCES],
  ["/openapi/v3", OPEN_API_INDEX],
  [`/openapi/v3/${ROOT}`, OPEN_API],
]);

/** Whether it is answered from what stands here, which costs nothing and tells nothing. */
export function isDiscovery(method: string | undefined, path: string): boolean {
  return method === "GET" && DISCOVERY.has(path);
}

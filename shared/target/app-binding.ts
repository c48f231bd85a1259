/**
 * What an AppBinding says about an application: address, credentials after their transforms, tasks. Pure and light: the
 * agent reads it too, so only types of the schema are imported.
 */
import type { AppBindingSpec, SecretTransform } from "../api/app-binding.ts";
import { isDatabaseName } from "../databases.ts";
import { UserError } from "../errors.ts";

/** The parts of an AppBinding that are read here. */
export interface AppBindingLike {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly spec: Pick<
    AppBindingSpec,
    "clientConfig" | "secret" | "secretTransforms" | "tlsSecret" | "type" | "version"
  >;
}

/** Where an application listens. */
export interface AppAddress {
  readonly scheme: string | undefined;
  readonly host: string;
  /** Undefined where the URL names none: the application's own default counts. */
  readonly port: number | undefined;
  readonly path: string | undefined;
  readonly query: ReadonlyMap<string, string>;
}

/** `AppBinding demo/db`: how messages name it. */
function formatAppBinding({ metadata }: AppBindingLike): string {
  return `AppBinding ${metadata.namespace}/${metadata.name}`;
}

/** Namespace of the Service; the AppBinding's own when it names none. */
export function serviceNamespace({ metadata, spec }: AppBindingLike): string {
  return spec.clientConfig.service?.namespace || metadata.namespace;
}

/**
 * Address of the application. A Service wins over a URL; a URL that is none is read as a MySQL data source name, such as
 * `user@tcp(host:3306)/db`.
 *
 * @throws UserError TARGET_INVALID when there is neither, or the text can't be read
 */
export function appAddress(binding: AppBindingLike): AppAddress {
  const { service, url } = binding.spec.clientConfig;
  if (service !== undefined) {
    return {
      scheme: service.scheme || undefined,
      host: `${service.name}.${serviceNamespace(binding)}.svc`,
      port: service.port,
      path: service.path || undefined,
      query: readQuery(service.query ?? ""),
    };
  }
  if (!url) throw invalid(binding, "its clientConfig has neither service nor url");
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? urlAddress(binding, url) : dataSourceAddress(binding, url);
}

function urlAddress(binding: AppBindingLike, text: string): AppAddress {
  // Only some schemes have hosts in JavaScript's eyes, so the scheme is swapped for one of them.
  const scheme = text.slice(0, text.indexOf(":"));
  let url: URL;
  try {
    url = new URL(`http:${text.slice(scheme.length + 1)}`);
  } catch (cause) {
    throw invalid(binding, "its url can't be read", cause);
  }
  const isDefaultPort = url.port === "" && /^[^/]*:\/\/[^/?#]*:80(?:[/?#]|$)/.test(text);
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port !== "" ? Number(url.port) : isDefaultPort ? 80 : undefined,
    path: url.pathname === "/" ? undefined : url.pathname,
    query: readQuery(url.search.slice(1)),
  };
}

/** `[user[:password]@][net[(addr)]]/dbname[?param=value]` of MySQL drivers. */
function dataSourceAddress(binding: AppBindingLike, text: string): AppAddress {
  const match = /^(?:.*@)?(?:[a-z0-9]+)?(?:\(([^()]*)\))?\/([^/?]*)(?:\?(.*))?$/i.exec(text);
  if (match === null) throw invalid(binding, "its url is neither a URL nor a MySQL data source name");
  const [, address = "127.0.0.1", database = "", query = ""] = match;
  const [, host = "", port = ""] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  return {
    scheme: undefined,
    host: host.replace(/^\[|\]$/g, ""),
    port: port === "" ? undefined : Number(port),
    path: database === "" ? undefined : `/${database}`,
    query: readQuery(query),
  };
}

function readQuery(text: string): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(text));
}

function invalid(binding: AppBindingLike, why: string, cause?: unknown): UserError {
  return new UserError("TARGET_INVALID", `${formatAppBinding(binding)}: ${why}`, {
    next: "Set clientConfig.service, or clientConfig.url with host and port.",
    cause,
  });
}

/** Type and version as blueprints see them: `kubedb.com/postgres` has group `kubedb.com` and resource `postgres`. */
export function appType(type: string | undefined): { readonly group: string; readonly resource: string } {
  const text = type ?? "";
  const slash = text.lastIndexOf("/");
  return { group: slash < 0 ? "" : text.slice(0, slash), resource: text.slice(slash + 1) };
}

/** Names of the Secrets that credentials come from: the binding's own, the client certificate's, those of transforms. */
export function appSecretNames({ spec }: Pick<AppBindingLike, "spec">): readonly string[] {
  const added = (spec.secretTransforms ?? []).map(({ addKeysFrom }) => addKeysFrom?.secretRef?.name);
  const names = [spec.secret?.name, spec.tlsSecret?.name, ...added];
  return [...new Set(names.flatMap((name) => (name ? [name] : [])))];
}

export type SecretData = ReadonlyMap<string, string>;

/**
 * The Secret's data after the transforms, applied in order.
 *
 * @param secretOf data of another Secret that a transform names
 * @throws UserError SECRET_INVALID when a key to rename is not there, or a transform does nothing that we know
 */
export function applySecretTransforms(
  data: SecretData,
  transforms: readonly SecretTransform[],
  secretOf: (name: string) => SecretData,
): SecretData {
  const result = new Map(data);
  for (const [index, transform] of transforms.entries()) applyTransform(result, transform, index, secretOf);
  return result;
}

function applyTransform(
  data: Map<string, string>,
  transform: SecretTransform,
  index: number,
  secretOf: (name: string) => SecretData,
): void {
  const { renameKey, addKey, addKeysFrom, removeKey } = transform;
  if (renameKey !== undefined) {
    const value = data.get(renameKey.from);
    if (value === undefined) {
      throw new UserError("SECRET_INVALID", `secretTransforms[${index}]: the Secret has no key ${renameKey.from}`, {
        next: "Correct the key that renameKey takes.",
      });
    }
    data.delete(renameKey.from);
    data.set(renameKey.to, value);
  } else if (addKey !== undefined) {
    data.set(addKey.key, addKey.stringValue || Buffer.from(addKey.value ?? "", "base64").toString("utf8"));
  } else if (addKeysFrom !== undefined) {
    const name = addKeysFrom.secretRef?.name;
    if (name) for (const [key, value] of secretOf(name)) data.set(key, value);
  } else if (removeKey !== undefined) {
    data.delete(removeKey.key);
  } else {
    throw new UserError("SECRET_INVALID", `secretTransforms[${index}] names no change`);
  }
}

/** A Task with its parameters, by name. */
export interface ChosenTask {
  readonly name: string;
  readonly params: Readonly<Record<string, string>>;
}

interface TaskLike {
  readonly name?: string;
  readonly params?: readonly { readonly name: string; readonly value: string }[];
}

function paramsOf(task: TaskLike | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries((task?.params ?? []).map(({ name, value }) => [name, value]));
}

/** Name of upstream's addon information within an AppBinding's parameters. */
const ADDON_TASKS = { backup: "backupTask", restore: "restoreTask" } as const;

/**
 * The Task of our catalogue for a target that says which it is, where nobody names one.
 *
 * @param appSpec of the AppBinding that is the target
 */
export function defaultTaskName(
  kind: string,
  appSpec: Pick<AppBindingSpec, "type"> | undefined,
  verb: "backup" | "restore",
): string | undefined {
  if (kind === "PersistentVolumeClaim") return `pvc-${verb}`;
  const { resource } = appType(appSpec?.type);
  return isDatabaseName(resource) ? `${resource}-${verb}` : undefined;
}

/**
 * The Task of a member: its own name, else the one that the AppBinding's addon names, else the target's own. Parameters of the member win by
 * name over those of the same verb's addon task (upstream mixes the backup's into a restore, L47).
 *
 * @returns undefined when neither names a Task
 */
export function chooseTask(
  own: TaskLike | undefined,
  parameters: AppBindingSpec["parameters"],
  verb: "backup" | "restore",
  ownDefault?: string,
): ChosenTask | undefined {
  const addon = parameters?.stash?.addon?.[ADDON_TASKS[verb]];
  const name = own?.name || addon?.name || ownDefault;
  return name ? { name, params: { ...paramsOf(addon), ...paramsOf(own) } } : undefined;
}

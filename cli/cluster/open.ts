/** Opens the cluster that the flags name, with the Kubernetes client library. */
import {
  ApiException,
  type ConfigurationOptions,
  CoreV1Api,
  CustomObjectsApi,
  type KubeConfig,
  Log,
  type ObservableMiddleware,
  PatchStrategy,
  setHeaderOptions,
  VersionApi,
} from "@kubernetes/client-node";
import { isNotFound } from "../../shared/kube/client/error.ts";
import { connectionOfConfig } from "../../shared/kube/connection/of-config.ts";
import { formatResource, type Resource, type Selection } from "../../shared/kube/resource.ts";
import type { Input } from "../program/command.ts";
import { PLUGIN } from "../program/names.ts";
import { itemsOf, nextPage, plainJson } from "./answers.ts";
import { coreReaders } from "./core-readers.ts";
import { coreWriters } from "./core-writers.ts";
import { execIn } from "./exec-in.ts";
import { explainFailure } from "./failure.ts";
import type { Cluster } from "./interface.ts";
import { loadKubeconfig } from "./kubeconfig.ts";
import { POD_LOGS } from "./resources.ts";
import { withinLimit } from "./time-limit.ts";
import { withStakes } from "./writes-at-stake.ts";

/** With the start of the program itself, somebody waits 5 s at most. */
const REACH_MS = 2_500;
const CALL_MS = 30_000;
const PAGE_SIZE = 500;

/**
 * An older definition would drop what was asked for without a word: a restore that was only to be tried would be done. Servers before
 * 1.25 don't know it.
 */
const STRICT = { fieldValidation: "Strict" } as const;

type CallOptions = ConfigurationOptions<ObservableMiddleware>;

/**
 * Opens the cluster and makes sure that somebody answers.
 *
 * @throws UserError CONFIGURATION_INVALID, or API_UNAVAILABLE naming the address
 */
export async function openCluster({
  flags,
  env,
  atStake,
}: Pick<Input, "flags" | "env"> & Partial<Pick<Input, "atStake">>): Promise<Cluster> {
  const config = loadKubeconfig({ path: flags.text("kubeconfig"), context: flags.text("context"), env });
  const connection = connectionOfConfig(config);
  await reach(config, addressOf(connection));
  const namespace = flags.text("namespace") ?? connection.namespace ?? "default";
  const cluster = clusterOf(config, { namespace, scope: flags.has("all-namespaces") ? undefined : namespace });
  return atStake === undefined ? cluster : withStakes(cluster, atStake);
}

/** The cluster of a configuration; nobody is asked whether it is there. */
export function clusterOf(config: KubeConfig, { namespace, scope }: Pick<Cluster, "namespace" | "scope">): Cluster {
  const connection = connectionOfConfig(config);
  const address = addressOf(connection);
  return {
    address,
    namespace,
    scope,
    connection,
    ...reads(config, address),
    ...writes(config, address),
    exec: (inNamespace, choice) => execIn(config, address, inNamespace, choice),
  };
}

const addressOf = ({ serverUrl }: Cluster["connection"]) => serverUrl.href.replace(/\/$/, "");

/** Any answer will do: whoever may not read the version may read other things. */
async function reach(config: KubeConfig, address: string): Promise<void> {
  try {
    await config.makeApiClient(VersionApi).getCode(undefined, withinLimit(REACH_MS));
  } catch (thrown) {
    if (!(thrown instanceof ApiException)) throw explainFailure(thrown, { action: "reach", address });
  }
}

function reads(config: KubeConfig, address: string): Pick<Cluster, "list" | "find" | "copyLog"> {
  const custom = config.makeApiClient(CustomObjectsApi);
  const core = coreReaders(config.makeApiClient(CoreV1Api));

  async function readPage(
    resource: Resource,
    namespace: string | undefined,
    page: Selection & { readonly _continue?: string; readonly limit: number },
  ): Promise<unknown> {
    const { group, version, plural } = resource;
    const options = withinLimit(CALL_MS);
    if (group === "") return core.list(plural, namespace, page, options);
    const given = Object.fromEntries(Object.entries(page).filter(([, value]) => value !== undefined));
    if (namespace !== undefined) {
      return custom.listNamespacedCustomObject({ group, version, plural, namespace, ...given }, options);
    }
    return custom.listClusterCustomObject({ group, version, plural, ...given }, options);
  }

  return {
    async list(resource, namespace, selection = {}) {
      const action = `list ${formatResource(resource, namespace)}`;
      try {
        const items: unknown[] = [];
        let _continue: string | undefined;
        do {
          const at = _continue === undefined ? {} : { _continue };
          const page = await readPage(resource, namespace, { ...selection, ...at, limit: PAGE_SIZE });
          items.push(...itemsOf(page));
          _continue = nextPage(page);
        } while (_continue !== undefined);
        return items;
      } catch (thrown) {
        throw explainFailure(thrown, { action, address, right: { verb: "list", resource, namespace } });
      }
    },
    async find(resource, namespace, name) {
      const { group, version, plural } = resource;
      const options = withinLimit(CALL_MS);
      try {
        if (group === "") return plainJson(await core.find(plural, namespace, name, options));
        if (namespace === undefined) {
          return await custom.getClusterCustomObject({ group, version, plural, name }, options);
        }
        return await custom.getNamespacedCustomObject({ group, version, plural, namespace, name }, options);
      } catch (thrown) {
        const action = `get ${formatResource(resource, namespace, name)}`;
        const error = explainFailure(thrown, { action, address, right: { verb: "get", resource, namespace } });
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async copyLog(namespace, { pod, container, follow, since, previous }, into) {
      const log = new Log(config);
      try {
        const time = since === undefined ? {} : { sinceTime: since };
        const former = previous === true ? { previous } : {};
        return await log.log(namespace, pod, container, into, { follow, ...time, ...former });
      } catch (thrown) {
        const action = `read the log of ${container} in ${namespace}/${pod}`;
        throw explainFailure(thrown, { action, address, right: { verb: "get", resource: POD_LOGS, namespace } });
      }
    },
  };
}

function writes(config: KubeConfig, address: string): Pick<Cluster, "create" | "mergePatch" | "remove"> {
  const custom = config.makeApiClient(CustomObjectsApi);
  const core = coreWriters(config.makeApiClient(CoreV1Api));
  return {
    async create(resource, namespace, body, { isDryRun } = {}) {
      const { group, version, plural } = resource;
      const dry = isDryRun === true ? { dryRun: "All" } : {};
      const order = { group, version, plural, namespace, body, fieldManager: PLUGIN, ...dry, ...STRICT };
      try {
        if (group === "") return await core.create(plural, order, withinLimit(CALL_MS));
        return await custom.createNamespacedCustomObject(order, withinLimit(CALL_MS));
      } catch (thrown) {
        const action = `create ${formatResource(resource, namespace)}`;
        throw explainFailure(thrown, { action, address, right: { verb: "create", resource, namespace } });
      }
    },
    async mergePatch(resource, namespace, name, body, { isDryRun } = {}) {
      const { group, version, plural } = resource;
      const dry = isDryRun === true ? { dryRun: "All" } : {};
      const order = { group, version, plural, namespace, name, body, fieldManager: PLUGIN, ...dry, ...STRICT };
      const options: CallOptions = setHeaderOptions("Content-Type", PatchStrategy.MergePatch, withinLimit(CALL_MS));
      try {
        if (group === "") return await core.patch(plural, order, options);
        return await custom.patchNamespacedCustomObject(order, options);
      } catch (thrown) {
        const action = `patch ${formatResource(resource, namespace, name)}`;
        throw explainFailure(thrown, { action, address, right: { verb: "patch", resource, namespace } });
      }
    },
    async remove(resource, namespace, name) {
      const { group, version, plural } = resource;
      // What it made goes with it; the answer does not wait for that.
      const order = { group, version, plural, namespace, name, propagationPolicy: "Background" };
      try {
        if (group === "") await core.remove(plural, order, withinLimit(CALL_MS));
        else await custom.deleteNamespacedCustomObject(order, withinLimit(CALL_MS));
        return true;
      } catch (thrown) {
        const action = `delete ${formatResource(resource, namespace, name)}`;
        const error = explainFailure(thrown, { action, address, right: { verb: "delete", resource, namespace } });
        if (isNotFound(error)) return false;
        throw error;
      }
    },
  };
}

/** Resources of the core group: each has calls of its own in the client library. */
import type { ConfigurationOptions, CoreV1Api, ObservableMiddleware } from "@kubernetes/client-node";
import type { Selection } from "../../shared/kube/resource.ts";
import { plainJson } from "./answers.ts";

type Options = ConfigurationOptions<ObservableMiddleware>;
interface Page {
  readonly _continue?: string;
  readonly limit: number;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

interface CoreReader {
  list(namespace: string | undefined, page: Page, options: Options): Promise<unknown>;
  find(namespace: string, name: string, options: Options): Promise<unknown>;
}

export interface CoreReaders {
  list(
    plural: string,
    namespace: string | undefined,
    page: Selection & { readonly _continue?: string; readonly limit: number },
    options: Options,
  ): Promise<unknown>;
  find(plural: string, namespace: string | undefined, name: string, options: Options): Promise<unknown>;
}

/** @throws TypeError, when asked for a resource that no command reads */
export function coreReaders(api: CoreV1Api): CoreReaders {
  const readers: Readonly<Record<string, CoreReader>> = {
    pods: {
      list: (namespace, page, options) =>
        namespace === undefined
          ? api.listPodForAllNamespaces(page, options)
          : api.listNamespacedPod({ namespace, ...page }, options),
      find: (namespace, name, options) => api.readNamespacedPod({ namespace, name }, options),
    },
    events: {
      list: (namespace, page, options) =>
        namespace === undefined
          ? api.listEventForAllNamespaces(page, options)
          : api.listNamespacedEvent({ namespace, ...page }, options),
      find: (namespace, name, options) => api.readNamespacedEvent({ namespace, name }, options),
    },
    persistentvolumeclaims: {
      list: (namespace, page, options) =>
        namespace === undefined
          ? api.listPersistentVolumeClaimForAllNamespaces(page, options)
          : api.listNamespacedPersistentVolumeClaim({ namespace, ...page }, options),
      find: (namespace, name, options) => api.readNamespacedPersistentVolumeClaim({ namespace, name }, options),
    },
    services: {
      list: (namespace, page, options) =>
        namespace === undefined
          ? api.listServiceForAllNamespaces(page, options)
          : api.listNamespacedService({ namespace, ...page }, options),
      find: (namespace, name, options) => api.readNamespacedService({ namespace, name }, options),
    },
    secrets: {
      list: (namespace, page, options) =>
        namespace === undefined
          ? api.listSecretForAllNamespaces(page, options)
          : api.listNamespacedSecret({ namespace, ...page }, options),
      find: (namespace, name, options) => api.readNamespacedSecret({ namespace, name }, options),
    },
    namespaces: {
      list: (_namespace, page, options) => api.listNamespace(page, options),
      find: (_namespace, name, options) => api.readNamespace({ name }, options),
    },
  };
  function readerOf(plural: string): CoreReader {
    const reader = readers[plural];
    if (reader === undefined) throw new TypeError(`no command reads ${plural}`);
    return reader;
  }
  return {
    list: async (plural, namespace, { labelSelector, fieldSelector, ...page }, options) => {
      const selectors = {
        ...(labelSelector !== undefined && { labelSelector }),
        ...(fieldSelector !== undefined && { fieldSelector }),
      };
      return plainJson(await readerOf(plural).list(namespace, { ...page, ...selectors }, options));
    },
    find: (plural, namespace = "", name, options) => readerOf(plural).find(namespace, name, options),
  };
}

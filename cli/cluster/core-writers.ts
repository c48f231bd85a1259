/** Writes to the core group: each resource has calls of its own in the client library. What a Secret holds never comes back. */
import {
  type ConfigurationOptions,
  type CoreV1Api,
  Observable,
  type ObservableMiddleware,
} from "@kubernetes/client-node";
import { plainJson } from "./answers.ts";

type Options = ConfigurationOptions<ObservableMiddleware>;

interface Place {
  readonly namespace: string;
}
interface NewObject extends Place {
  readonly body: object;
  readonly fieldManager: string;
  readonly dryRun?: string;
}
interface Change extends NewObject {
  readonly name: string;
}
interface Removal extends Place {
  readonly name: string;
  readonly propagationPolicy: string;
}

export interface CoreWriters {
  create(plural: string, order: NewObject, options: Options): Promise<unknown>;
  patch(plural: string, order: Change, options: Options): Promise<unknown>;
  remove(plural: string, order: Removal, options: Options): Promise<void>;
}

const METADATA_ALONE = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** @throws TypeError, when asked for a resource that no command writes */
export function coreWriters(api: CoreV1Api): CoreWriters {
  return {
    async create(plural, order, options) {
      if (plural === "secrets") return plainJson(await api.createNamespacedSecret(order, metadataAlone(options)));
      if (plural === "persistentvolumeclaims") {
        return plainJson(await api.createNamespacedPersistentVolumeClaim(order, options));
      }
      throw new TypeError(`no command makes ${plural}`);
    },
    async patch(plural, order, options) {
      if (plural === "secrets") return plainJson(await api.patchNamespacedSecret(order, metadataAlone(options)));
      throw new TypeError(`no command changes ${plural}`);
    },
    async remove(plural, order, options) {
      if (plural === "secrets") await api.deleteNamespacedSecret(order, options);
      else if (plural === "persistentvolumeclaims") await api.deleteNamespacedPersistentVolumeClaim(order, options);
      else throw new TypeError(`no command deletes ${plural}`);
    },
  };
}

/** Asks the API server to answer with an object's metadata and nothing else of it. */
function metadataAlone(options: Options): Options {
  const middleware: ObservableMiddleware = {
    pre(context) {
      context.setHeaderParam("Accept", METADATA_ALONE);
      return new Observable(Promise.resolve(context));
    },
    post: (response) => new Observable(Promise.resolve(response)),
  };
  return { ...options, middleware: [...(options.middleware ?? []), middleware], middlewareMergeStrategy: "append" };
}

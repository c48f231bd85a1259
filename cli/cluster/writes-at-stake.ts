/** Writes that Ctrl-C may come upon: until one is answered nobody knows whether it is done, and whoever ends the program is told so. */
import { textAt } from "../../shared/json/value.ts";
import type { Resource } from "../../shared/kube/resource.ts";
import type { AtStake } from "../program/command.ts";
import type { Cluster } from "./interface.ts";

/** The same cluster; a write that keeps nothing is none. */
export function withStakes(cluster: Cluster, atStake: AtStake): Cluster {
  async function during<T>(
    what: string,
    place: Place,
    isDryRun: boolean | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    if (isDryRun === true) return call();
    const answered = atStake(`${what} was not answered yet, and may be done; see whether: ${formatLook(place)}`);
    try {
      return await call();
    } finally {
      answered();
    }
  }
  return {
    ...cluster,
    create(resource, namespace, body, choice) {
      const name = textAt(body, "metadata", "name") ?? "";
      const place = { resource, namespace, name };
      return during("what was to be made", place, choice?.isDryRun, () => {
        return cluster.create(resource, namespace, body, choice);
      });
    },
    mergePatch(resource, namespace, name, body, choice) {
      const place = { resource, namespace, name };
      return during("the change", place, choice?.isDryRun, () => {
        return cluster.mergePatch(resource, namespace, name, body, choice);
      });
    },
  };
}

interface Place {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
}

function formatLook({ resource: { group, plural }, namespace, name }: Place): string {
  return `kubectl get ${group === "" ? plural : `${plural}.${group}`} ${name} -n ${namespace}`;
}

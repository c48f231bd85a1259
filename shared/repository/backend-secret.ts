/** Where the Secret of a repository's backend is for a workload: what is mounted and what an agent reads have to agree. */
import { shortHash } from "../hash.ts";
import { nameWithSuffix } from "../names.ts";

/**
 * Name of a backend Secret beside a workload: the Secret itself in the Repository's namespace, else the copy that the
 * reconciler keeps. Two Repositories of different namespaces may use Secrets of one name, so a copy's name tells them apart.
 *
 * @param home namespace of the Repository
 * @param namespace namespace of the workload
 */
export function secretNameBeside(name: string, home: string, namespace: string): string {
  return home === namespace ? name : nameWithSuffix(name, shortHash(`${home}/${name}`));
}

/** Who the programs of an installation are to the API server, when they run outside of pods. */
import { Install } from "../../../shared/contract.ts";

export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** What the API server sees of a pod with that ServiceAccount. */
export function serviceAccountIdentity(name: string, namespace: string = Install.Namespace): Identity {
  return {
    user: `system:serviceaccount:${namespace}:${name}`,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
  };
}

/**
 * Secrets with which the image of our containers is pulled, named by the installation. They are copied beside the pods that need them, and
 * added to pods that name Secrets of their own. To others they are not: the API server gives those what their ServiceAccount has, and
 * only as long as they name none, so ours would take the application's away.
 */

import { shortHash } from "../hash.ts";
import { textAt } from "../json/value.ts";
import { isObjectName } from "../names.ts";

export interface PullSecret {
  /** That of the installation. */
  readonly namespace: string;
  readonly name: string;
}

export const PULL_SECRET_OPTIONS = { "pull-secrets": { type: "string" } } as const;

/**
 * Reads names that commas part.
 *
 * @param namespace of the installation
 * @param faults takes what is wrong
 */
export function readPullSecrets(text: string | undefined, namespace: string, faults: string[]): readonly PullSecret[] {
  const names = (text ?? "").split(",").map((name) => name.trim());
  const wrong = names.filter((name) => name !== "" && !isObjectName(name));
  if (wrong.length > 0) faults.push(`--pull-secrets: ${wrong.join(", ")} can't be the name of a Secret`);
  return [...new Set(names)].filter((name) => isObjectName(name)).map((name) => ({ namespace, name }));
}

export const PULL_SECRET_PREFIX = "stash-pull-";
const COPY = new RegExp(`^${PULL_SECRET_PREFIX}[0-9a-z]{10}$`);

/** Name of a Secret beside pods of a namespace: the Secret itself at home, elsewhere its copy. */
export function pullSecretBeside({ namespace: home, name }: PullSecret, namespace: string): string {
  return home === namespace ? name : `${PULL_SECRET_PREFIX}${shortHash(`${home}/${name}`)}`;
}

/** Names of all of them beside pods of a namespace. */
export function pullSecretsBeside(
  { pullSecrets = [] }: { readonly pullSecrets?: readonly PullSecret[] | undefined },
  namespace: string,
): readonly string[] {
  return pullSecrets.map((secret) => pullSecretBeside(secret, namespace));
}

function isCopy(reference: unknown): boolean {
  return COPY.test(textAt(reference, "name") ?? "");
}

/** References without those to our copies; the very list when there are none. */
export function withoutPullSecrets(references: readonly unknown[]): readonly unknown[] {
  return references.some(isCopy) ? references.filter((reference) => !isCopy(reference)) : references;
}

/** References of a pod with ours at the end, where it has some of its own. @param names beside the pod */
export function withPullSecrets(references: readonly unknown[], names: readonly string[]): readonly unknown[] {
  const own = withoutPullSecrets(references);
  const isThere = (name: string) => own.some((reference) => textAt(reference, "name") === name);
  const missing = own.length === 0 ? [] : names.filter((name) => !isThere(name)).map((name) => ({ name }));
  const wanted = [...own, ...missing];
  const isSame =
    wanted.length === references.length &&
    wanted.every((one, at) => textAt(one, "name") === textAt(references[at], "name"));
  return isSame ? references : wanted;
}

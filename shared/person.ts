/**
 * Who counts as one where places are scarce. ServiceAccounts of a namespace are one person: whoever may make one may make a thousand.
 *
 * @param username as Kubernetes gives it
 */
export function personOf(username: string): string {
  const [system, account, namespace] = username.split(":");
  return system === "system" && account === "serviceaccount" ? `${system}:${account}:${namespace}` : username;
}

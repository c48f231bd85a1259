/** With which Secrets the pods of jobs pull their images. Pure. */
import { pullSecretsBeside, withPullSecrets } from "../../shared/injection/pull-secrets.ts";
import type { InjectionSettings } from "../../shared/injection/view.ts";

export interface PullRequest {
  readonly settings: Pick<InjectionSettings, "pullSecrets">;
  /** In which the job runs. */
  readonly namespace: string;
  /** What the user's settings name. */
  readonly asked?: readonly { readonly name?: string }[] | undefined;
  /** The ServiceAccount is the user's: what it has counts only while the pod names none. */
  readonly hasUsersAccount: boolean;
}

/** Fields for a pod's spec; none where nothing is named. */
export function pullSecretFields({ settings, namespace, asked = [], hasUsersAccount }: PullRequest) {
  const ours = pullSecretsBeside(settings, namespace);
  const isAlone = asked.length === 0 && !hasUsersAccount;
  const imagePullSecrets = isAlone ? ours.map((name) => ({ name })) : withPullSecrets(asked, ours);
  return imagePullSecrets.length === 0 ? {} : { imagePullSecrets };
}

/** What an agent may do, in a workload as in a job: read the host runs of its namespace, and report into their statuses. */
import { STASH_GROUP } from "../../shared/contract.ts";

/** Which status a pod may write is no matter of roles: the policy ties it to the pod's uid in the token. */
export const AGENT_RULES = [
  { apiGroups: [STASH_GROUP], resources: ["hostruns"], verbs: ["get", "list", "watch"] },
  { apiGroups: [STASH_GROUP], resources: ["hostruns/status"], verbs: ["patch"] },
] as const;

/**
 * Answers most reviews of a cluster from their first lines: those of workloads that nobody names, and whose text holds no name of
 * ours. The workload itself, which is nearly all of a review, is not parsed for that.
 */
import { Annotation, SIDECAR_KINDS } from "../shared/contract.ts";
import type { InjectionWorld } from "../shared/injection/gather.ts";
import { targetKey } from "../shared/target/ref.ts";
import type { AnswerPorts } from "./answer.ts";
import { type AnsweredReview, parseReview, type RequestFacts, type ReviewHead } from "./review.ts";

export interface UnconcernedPorts extends Pick<AnswerPorts, "excludedNamespaces" | "countReasons" | "log"> {
  readonly world: Pick<InjectionWorld, "namespace" | "backupsNaming" | "restoresNaming">;
  readonly isSynced: () => boolean;
}

/** Part of every label, annotation, container and volume of ours, of upstream Stash, and of our own users. */
const OUR_NAME = "stash";
const BEING_DELETED = '"deletionTimestamp"';
/** No text of JSON holds this: quotes in texts are escaped. */
const OBJECT_BEGINS = ',"object":';
const GROUPS: readonly string[] = ["apps", "extensions", "apps.openshift.io"];

/** Makes the function that answers what it can, and leaves all else: undefined is no answer. */
export function createUnconcerned(ports: UnconcernedPorts): (body: string) => AnsweredReview | undefined {
  const { world, isSynced, excludedNamespaces, countReasons, log } = ports;
  const isNamed = (key: string) => world.backupsNaming(key).length > 0 || world.restoresNaming(key).length > 0;
  return (body) => {
    if (!isSynced() || isNamed(guessTarget(body)) || body.includes(OUR_NAME) || body.includes(BEING_DELETED))
      return undefined;
    const review = readHead(body);
    if (review === undefined) return undefined;
    const { request } = review;
    const { kind, namespace, name } = request;
    if (!isWorkloadChange(request) || excludedNamespaces.includes(namespace)) return undefined;
    const { annotations, labels } = world.namespace(namespace) ?? { annotations: {}, labels: {} };
    if (Object.hasOwn(annotations, Annotation.Inject) || Object.hasOwn(labels, Annotation.Inject)) return undefined;
    if (isNamed(targetKey(request))) return undefined;
    const reasons = { backup: "NoInvoker" } as const;
    countReasons(reasons);
    log.debug({ kind, namespace, name, reason: reasons.backup }, "workload left as it is");
    return { review, answer: { isAllowed: true, auditAnnotations: { ...reasons } } };
  };
}

/**
 * Key of a workload by the places where its names mostly stand. It decides nothing: what it finds is read as a whole, and the rest is looked at
 * properly. A named workload is spared that look.
 */
function guessTarget(body: string): string {
  const from = body.indexOf('"kind":{');
  const namespaceAt = body.indexOf('"namespace":"', from);
  const nameAt = body.lastIndexOf('"name":"', namespaceAt);
  const textAfter = (at: number, mark: string) => {
    const begin = body.indexOf(mark, at) + mark.length;
    return body.slice(begin, body.indexOf('"', begin));
  };
  const [kind, namespace, name] = [
    textAfter(from, '"kind":"'),
    textAfter(namespaceAt, '"namespace":"'),
    textAfter(nameAt, '"name":"'),
  ];
  return targetKey({ kind, namespace, name });
}

/** What stands before the object, which the API server writes after it all. */
function readHead(body: string): ReviewHead | undefined {
  const end = body.indexOf(OBJECT_BEGINS);
  if (end < 0) return undefined;
  // Were it a field of something else, this would be no JSON.
  const review = parseReview(`${body.slice(0, end)}}}`);
  return "fault" in review ? undefined : review;
}

function isWorkloadChange({ operation, subresource, kind, group, name }: RequestFacts): boolean {
  const isChange = operation === "CREATE" || operation === "UPDATE";
  return (
    isChange &&
    subresource === "" &&
    name !== "" &&
    SIDECAR_KINDS.some((known) => known === kind) &&
    GROUPS.includes(group)
  );
}

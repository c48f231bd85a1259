/** The Event objects that programs leave for people. Pure. */
import { formatTime } from "../../timestamps.ts";

/** The object that an Event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  /** undefined for cluster-scoped objects; their Events live in the namespace "default". */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
}

export type EventType = "Normal" | "Warning";

export interface EventText {
  readonly type: EventType;
  /** Short and constant; groups Events. */
  readonly reason: string;
  readonly message: string;
}

/** Who speaks, such as "stash-batch-reconciler", and from where. */
export interface EventSource {
  readonly component: string;
  readonly host?: string | undefined;
}

/** One thing that happened once or several times. */
export interface Occurrence {
  readonly count: number;
  /** Milliseconds since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** API servers refuse longer messages. */
const MESSAGE_MAX_LENGTH = 1024;
const REASON_MAX_LENGTH = 128;
const NAME_MAX_LENGTH = 253;

/**
 * Builds an Event's name: the object's name and the time in hexadecimal nanoseconds.
 *
 * @param serial tells apart what happens within one millisecond
 */
export function eventName(objectName: string, epochMs: number, serial: number): string {
  const suffix = `.${(BigInt(Math.floor(epochMs)) * 1_000_000n + BigInt(serial % 1_000_000)).toString(16)}`;
  const room = NAME_MAX_LENGTH - suffix.length;
  // What is cut must not end in a character that a name part may not end in.
  return objectName.slice(0, room).replace(/[-.]+$/, "") + suffix;
}

export function eventNamespace(subject: EventSubject): string {
  return subject.namespace ?? "default";
}

export function buildEvent(
  name: string,
  subject: EventSubject,
  text: EventText,
  source: EventSource,
  occurrence: Occurrence,
): unknown {
  const { apiVersion, kind, namespace, name: objectName, uid } = subject;
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: eventNamespace(subject) },
    involvedObject: { apiVersion, kind, namespace, name: objectName, uid },
    type: text.type,
    reason: text.reason.slice(0, REASON_MAX_LENGTH),
    message: cutMessage(text.message),
    source: { component: source.component, host: source.host },
    reportingComponent: source.component,
    reportingInstance: source.host ?? "",
    firstTimestamp: formatTime(new Date(occurrence.firstAt)),
    ...buildEventRepeat(occurrence),
  };
}

/** The fields of an Event that a repetition changes. */
export function buildEventRepeat(occurrence: Occurrence): Readonly<Record<string, unknown>> {
  return { lastTimestamp: formatTime(new Date(occurrence.lastAt)), count: occurrence.count };
}

function cutMessage(message: string): string {
  return message.length <= MESSAGE_MAX_LENGTH ? message : `${message.slice(0, MESSAGE_MAX_LENGTH - 3)}...`;
}

/** One Event for each host that ended, as upstream's status updater makes them. */
import type { EventSubject } from "../../shared/kube/events/object.ts";
import type { EventRecorder } from "../../shared/kube/events/recorder.ts";
import { isOpenHost } from "./entries.ts";
import { hostKey, type RunStatus, runHosts, runTargets } from "./facts.ts";

export class HostEvents {
  readonly #events: Pick<EventRecorder, "record">;
  readonly #work: "Backup" | "Restore";
  /** By the object's uid: hosts that were seen open, and so are news when they end. */
  readonly #open = new Map<string, Set<string>>();

  constructor(events: Pick<EventRecorder, "record">, work: "Backup" | "Restore") {
    this.#events = events;
    this.#work = work;
  }

  look(subject: EventSubject & { readonly uid: string }, status: RunStatus): void {
    const open = this.#open.get(subject.uid) ?? new Set<string>();
    for (const [targetIndex, target] of runTargets(status).entries()) {
      for (const [hostIndex, host] of runHosts(target).entries()) {
        const key = hostKey(targetIndex, hostIndex);
        if (isOpenHost(host)) {
          open.add(key);
        } else if (open.delete(key)) {
          const what = `host ${host.hostname ?? ""} of ${target.ref?.kind ?? ""} ${target.ref?.name ?? ""}`;
          const isGood = host.phase === "Succeeded";
          const why = isGood ? "succeeded" : (host.error ?? host.reason ?? "no reason given");
          const reason = `Host ${this.#work} ${isGood ? "Succeeded" : "Failed"}`;
          this.#events.record(subject, isGood ? "Normal" : "Warning", reason, `${what}: ${why}`);
        }
      }
    }
    if (open.size > 0) this.#open.set(subject.uid, open);
    else this.#open.delete(subject.uid);
  }

  forget(uid: string): void {
    this.#open.delete(uid);
  }
}

/** One Event for each host whose backup ended, as upstream's status updater makes them. */
import type { BackupSession } from "../../shared/api/backup-session.ts";
import type { EventRecorder } from "../../shared/kube/events.ts";
import { isOpenHost } from "../run/entries.ts";
import { subjectOf } from "./act.ts";

export class HostEvents {
  readonly #events: EventRecorder;
  /** By session uid: hosts that were seen open, and so are news when they end. */
  readonly #open = new Map<string, Set<string>>();

  constructor(events: EventRecorder) {
    this.#events = events;
  }

  look(session: BackupSession): void {
    const uid = session.metadata.uid ?? "";
    const open = this.#open.get(uid) ?? new Set<string>();
    for (const [index, target] of (session.status?.targets ?? []).entries()) {
      for (const host of target.stats ?? []) {
        const key = `${index}/${host.hostname ?? ""}`;
        if (isOpenHost(host)) {
          open.add(key);
        } else if (open.delete(key)) {
          const what = `host ${host.hostname ?? ""} of ${target.ref?.kind ?? ""} ${target.ref?.name ?? ""}`;
          if (host.phase === "Succeeded") {
            this.#events.record(subjectOf(session), "Normal", "Host Backup Succeeded", `${what} was backed up`);
          } else {
            const why = host.error ?? host.reason ?? "no reason given";
            this.#events.record(subjectOf(session), "Warning", "Host Backup Failed", `${what}: ${why}`);
          }
        }
      }
    }
    if (open.size > 0) this.#open.set(uid, open);
    else this.#open.delete(uid);
  }

  forget(session: BackupSession): void {
    this.#open.delete(session.metadata.uid ?? "");
  }
}

/** An API server's part in storing a large status: records are kept by name, the status goes through JSON. */
import type { RunStatus } from "../../../reconciler/run/facts.ts";
import { withRecords } from "../../../reconciler/run/record-runs.ts";
import { NOTHING_RECORDED, type Recorded, recordedIn } from "../../../reconciler/run/records.ts";
import { STATUS_ROOM, type StatusRoom } from "../../../reconciler/run/sum-up.ts";
import { type RunKind, wholeStatus } from "../../../reconciler/run/whole-status.ts";
import { type HostRun, parseHostRun } from "../../../shared/api/host-run.ts";
import { textAt } from "../../../shared/json/value.ts";
import type { KubeClient } from "../../../shared/kube/client/interface.ts";

const OWNER = {
  apiVersion: "stash.appscode.com/v1beta1",
  kind: "BackupSession",
  namespace: "demo",
  name: "nightly-1",
  uid: "uid-session",
};

export class StatusStore<Status extends RunStatus> {
  readonly #kind: RunKind;
  readonly #parse: (value: unknown) => Status;
  readonly records = new Map<string, HostRun>();
  stored: Status | undefined;

  readonly #room: StatusRoom;

  constructor(kind: RunKind, parse: (value: unknown) => Status, room: StatusRoom = STATUS_ROOM) {
    this.#room = room;
    this.#kind = kind;
    this.#parse = parse;
  }

  #recorded(): Recorded {
    return this.stored === undefined ? NOTHING_RECORDED : recordedIn(OWNER, this.stored.records, this.records);
  }

  readonly #client: Pick<KubeClient, "create"> = {
    create: async (_resource, _namespace, body, parse) => {
      const sent: unknown = JSON.parse(JSON.stringify(body));
      this.records.set(textAt(sent, "metadata", "name") ?? "", parseHostRun(sent));
      return parse(sent);
    },
  };

  async write(whole: Status): Promise<void> {
    const { signal } = new AbortController();
    const status = await withRecords(this.#client, OWNER, whole, this.#recorded(), signal, this.#room);
    this.stored = this.#parse(JSON.parse(JSON.stringify(status)));
  }

  /** As a reconciler that knows nothing else finds it. */
  read(): Status {
    if (this.stored === undefined) throw new Error("nothing is stored");
    return wholeStatus(this.stored, this.#recorded(), this.#kind);
  }

  bytes(): number {
    return Buffer.byteLength(JSON.stringify(this.stored));
  }
}

/** Brings a pod's newest status to the API server, one write at a time, until it has arrived. */
import { isStatus, type KubeApi, untilAnswered } from "../api/kube-api.ts";

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export class PodStatusWriter {
  readonly #api: KubeApi;
  readonly #identity: PodIdentity;
  readonly #build: () => object;
  readonly #signal: AbortSignal;
  readonly #onError: (error: unknown) => void;
  #isDirty = false;
  #written = "";
  #writing: Promise<void> | undefined;

  /** @param onError gets the server's refusal of a status, which then stays unwritten */
  constructor(
    api: KubeApi,
    identity: PodIdentity,
    build: () => object,
    signal: AbortSignal,
    onError: (error: unknown) => void,
  ) {
    this.#onError = onError;
    this.#api = api;
    this.#identity = identity;
    this.#build = build;
    this.#signal = signal;
  }

  /** The status may have changed. */
  touch(): void {
    this.#isDirty = true;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      // A change that came between the last look and this line would wait for the next one.
      if (this.#isDirty && !this.#signal.aborted) this.touch();
    });
  }

  /** Resolves when the newest status has arrived, or can no longer. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    const { namespace, name, uid } = this.#identity;
    while (this.#isDirty && !this.#signal.aborted) {
      this.#isDirty = false;
      const status = this.#build();
      const text = JSON.stringify(status);
      if (text === this.#written) continue;
      try {
        await untilAnswered(this.#signal, () =>
          this.#api.request({
            method: "PATCH",
            path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
            contentType: "application/merge-patch+json",
            // The uid refuses the write when another pod has taken the name.
            body: { metadata: { uid }, status },
            signal: this.#signal,
          }),
        );
        this.#written = text;
      } catch (error) {
        if (!this.#signal.aborted && !isStatus(error, 404, 409) && !isOtherPod(error)) this.#onError(error);
        return;
      }
    }
  }
}

/** How the API server refuses a write to a pod that is not the one of that uid. */
function isOtherPod(error: unknown): boolean {
  return isStatus(error, 422) && error instanceof Error && error.message.includes("metadata.uid");
}

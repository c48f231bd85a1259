/** Brings a pod's newest status to the API server, one write at a time, until it has arrived. */
import { isStatus, type KubeApi, untilAnswered } from "../api/kube-api.ts";
import { LatestRun } from "../latest-run.ts";

export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface StatusWriterOptions {
  readonly api: KubeApi;
  readonly identity: PodIdentity;
  /** The status of this moment. */
  readonly build: () => object;
  readonly signal: AbortSignal;
  /** Gets the server's refusal of a status, which then stays unwritten. */
  readonly onError: (error: unknown) => void;
}

/** @returns run that writes the status when it differs from the one written last */
export function createStatusWriter(options: StatusWriterOptions): LatestRun {
  let written = "";
  return new LatestRun(async () => {
    const status = options.build();
    const text = JSON.stringify(status);
    if (text === written || options.signal.aborted) return;
    try {
      await writeStatus(options, status);
      written = text;
    } catch (error) {
      if (!options.signal.aborted && !isAboutGonePod(error)) options.onError(error);
    }
  });
}

async function writeStatus({ api, identity, signal }: StatusWriterOptions, status: object): Promise<void> {
  const { namespace, name, uid } = identity;
  await untilAnswered(signal, () =>
    api.request({
      method: "PATCH",
      path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
      contentType: "application/merge-patch+json",
      // The uid refuses the write when another pod has taken the name.
      body: { metadata: { uid }, status },
      signal,
    }),
  );
}

/** How the API server refuses a write to a pod that is not there or is not the one of that uid. */
function isAboutGonePod(error: unknown): boolean {
  if (isStatus(error, 404, 409)) return true;
  return isStatus(error, 422) && error instanceof Error && error.message.includes("metadata.uid");
}

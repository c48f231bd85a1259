/** What is asked of etcd directly, through the JSON gateway of its API. */

const REQUEST_TIMEOUT_MS = 10_000;

export async function isEtcdHealthy(etcdUrl: string): Promise<boolean> {
  const answer = await fetch(`${etcdUrl}/health`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  return answer.ok;
}

/**
 * Forgets all revisions before the newest.
 *
 * @returns the newest revision, which is the newest resourceVersion too
 * @throws Error when etcd refuses
 */
export async function compactToNewest(etcdUrl: string): Promise<string> {
  const revision = readRevision(await post(`${etcdUrl}/v3/kv/range`, { key: btoa("\0"), limit: "1" }));
  await post(`${etcdUrl}/v3/kv/compaction`, { revision, physical: true });
  return revision;
}

/** An object as the API server keeps it. */
export interface EtcdEntry {
  /** Such as /registry/pods/NAMESPACE/NAME. */
  readonly key: string;
  readonly value: object;
}

/**
 * Puts objects beside the API server, whose watches bring them.
 *
 * @param entries at most 128
 * @throws Error when etcd refuses
 */
export async function putEntries(etcdUrl: string, entries: readonly EtcdEntry[]): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const success = entries.map(({ key, value }) => ({
    requestPut: { key: base64(key), value: base64(JSON.stringify(value)) },
  }));
  await post(`${etcdUrl}/v3/kv/txn`, { success });
}

async function post(url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const text = await answer.text();
  // A compaction that finds itself done already is done.
  if (answer.ok || text.includes("required revision has been compacted")) return JSON.parse(text);
  throw new Error(`etcd refused ${url}: ${answer.status} ${text}`);
}

function readRevision(answer: unknown): string {
  if (typeof answer === "object" && answer !== null && "header" in answer) {
    const { header } = answer;
    if (typeof header === "object" && header !== null && "revision" in header) return String(header.revision);
  }
  throw new Error(`etcd's answer has no revision: ${JSON.stringify(answer)}`);
}

/** The key under which queues and maps know an invoker. */
import { UserError } from "../shared/errors.ts";
import type { BackupInvokerKind } from "../shared/invoker/object.ts";

export interface InvokerId {
  readonly kind: BackupInvokerKind;
  readonly namespace: string;
  readonly name: string;
}

/** `BackupBatch/demo/nightly` */
export function formatInvokerKey({ kind, namespace, name }: InvokerId): string {
  return `${kind}/${namespace}/${name}`;
}

/** Takes a key apart again. @throws UserError INTERNAL when it is none */
export function parseInvokerKey(key: string): InvokerId {
  const [kind, namespace, name, ...rest] = key.split("/");
  if ((kind !== "BackupConfiguration" && kind !== "BackupBatch") || !namespace || !name || rest.length > 0) {
    throw new UserError("INTERNAL", `${JSON.stringify(key)} is no key of an invoker`);
  }
  return { kind, namespace, name };
}

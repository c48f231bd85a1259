/** Whether a restore could be made, as far as it tells itself: what the webhook would say of it, without asking it. Pure. */

import type { RestoreBatch } from "../../shared/api/restore-batch.ts";
import { UserError } from "../../shared/errors.ts";
import { isObjectName } from "../../shared/names.ts";
import { formatFinding, isFault } from "../../shared/validation/finding.ts";
import { findRestoreInvokerFindings } from "../../webhook/validate/restore-invoker.ts";

/** @throws UserError INVALID_OBJECT with all that is wrong */
export function checkRestore(restore: RestoreBatch): void {
  const { namespace, name } = restore.metadata;
  const wrong = [
    ...(isObjectName(name) ? [] : ["metadata.name: lower-case letters, digits, - and . alone make a name"]),
    ...findRestoreInvokerFindings(restore).filter(isFault).map(formatFinding),
  ];
  if (wrong.length > 0) throw new UserError("INVALID_OBJECT", `RestoreBatch ${namespace}/${name}: ${wrong.join("; ")}`);
}

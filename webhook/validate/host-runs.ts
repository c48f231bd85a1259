/** Who may write a HostRun, where the server has no policies of its own for that. */
import { refuseHostRunWrite } from "../../shared/host-run-authority.ts";
import { type AdmissionRequest, type Answer, readUser } from "../review.ts";

/** @param writers user names of the reconciler */
export function validateHostRunWrite(request: AdmissionRequest, writers: readonly string[]): Answer {
  const { operation, subresource, object, oldObject, userInfo } = request;
  const { username, extra } = readUser(userInfo);
  const message = refuseHostRunWrite({ operation, subresource, username, extra, object, oldObject }, writers);
  return message === undefined ? { isAllowed: true } : { isAllowed: false, message };
}

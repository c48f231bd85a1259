/**
 * The one error class that a user sees, and the one table of codes. docs/errors.md holds the same table; a test keeps
 * the two equal. A code is also the `reason` in conditions and host entries where an error becomes status.
 */

export interface ErrorEntry {
  /** What the code means, one sentence. */
  readonly meaning: string;
  /** What the user does next, one sentence. */
  readonly next: string;
  /** Whether trying again without a change can help. */
  readonly retryable: boolean;
}

function entry(meaning: string, next: string, retryable = false): ErrorEntry {
  return { meaning, next, retryable };
}

export const ERRORS = {
  // Objects that a user writes.
  INVALID_OBJECT: entry(
    "A field of the object has the wrong type or value, or a required field is missing.",
    "Correct the field that the message names.",
  ),
  INVALID_DURATION: entry("The text is no duration.", "Write a number with a unit, such as 30m, 1h30m or 90s."),
  SCHEDULE_INVALID: entry(
    "The schedule cannot be read, names an unknown time zone, or never fires.",
    "Write five cron fields (minute hour day-of-month month day-of-week) and an IANA zone such as Europe/Berlin.",
  ),
  TARGET_INVALID: entry(
    "The target's reference lacks a kind or name, or its kind cannot be backed up this way.",
    "Set apiVersion, kind and name of the target.",
  ),
  VOLUME_NOT_FOUND: entry(
    "The workload has no volume of the name that volumeMounts gives.",
    "Name a volume of the pod template, or one of the StatefulSet's volumeClaimTemplates.",
  ),
  BACKEND_INVALID: entry(
    "The Repository's backend lacks what is needed to reach it, or restic has no such backend.",
    "Set one backend with its required fields; the image's restic has no azure.",
  ),
  NOT_ALLOWED: entry(
    "The Repository's usagePolicy, or the BackupBlueprint's allowedNamespaces, does not allow the namespace.",
    "Allow the namespace in spec.usagePolicy of the Repository (spec.allowedNamespaces of the BackupBlueprint), or use another one.",
  ),
  OUTSIDE_NAMESPACE: entry(
    "Something was to be done outside the namespace of the object that asks for it.",
    "Put the object into the namespace where it is to work; only a Repository's usagePolicy reaches further.",
  ),
  // Around the API server.
  NOT_FOUND: entry("The object does not exist.", "Create it, or correct the name.", true),
  API_UNAVAILABLE: entry(
    "The API server did not answer or refused for the moment.",
    "Nothing to do when it passes; else look at the API server's health.",
    true,
  ),
  API_FORBIDDEN: entry(
    "The API server refused for lack of rights.",
    "Grant the right that the message names to the ServiceAccount that it names.",
  ),
  CONFIGURATION_INVALID: entry(
    "A flag or environment variable of the program is missing or wrong.",
    "Correct what the message lists and start again.",
  ),
  // restic and the repository.
  SECRET_MISSING: entry(
    "The backend Secret is not there.",
    "Create the Secret that the Repository's spec.backend.storageSecretName names.",
    true,
  ),
  SECRET_INVALID: entry(
    "The backend Secret lacks a key that the backend needs, or a value of it is unusable.",
    "Add the key that the message names to the Secret.",
  ),
  REPOSITORY_NOT_FOUND: entry(
    "There is no restic repository at the backend's address.",
    "Check bucket, prefix and path of the Repository; the first backup creates it.",
  ),
  REPOSITORY_WRONG_PASSWORD: entry(
    "The repository exists, but RESTIC_PASSWORD does not open it.",
    "Put the password that the repository was created with into the Secret; running pods get it after a minute or two. The repository is not created again.",
  ),
  REPOSITORY_LOCKED: entry(
    "Another restic process holds a lock on the repository.",
    "Wait for the other run to end; locks whose owner is gone are removed automatically.",
    true,
  ),
  REPOSITORY_DAMAGED: entry(
    "restic found the repository damaged.",
    "Run restic check, keep a copy of the repository, and follow restic's guide for repairs.",
  ),
  REPOSITORY_READ_ONLY: entry(
    "The repository cannot be written.",
    "Give the backend's credentials, or the user of the container, the right to write.",
  ),
  REPOSITORY_OWNER: entry(
    "The repository lies in a folder, and belongs to another user than the one that was to work on it.",
    "Allow that user in the Repository's namespace, or give the folder and all in it to the user who saves there.",
  ),
  NO_SPACE: entry(
    "A disk is full, or as much is stored as a store allows.",
    "Free or add space where the message says, or raise the store's limit, then run again.",
    true,
  ),
  BACKEND_REFUSED: entry(
    "The backend refused the credentials or the request.",
    "Check the credentials in the Secret and the rights that they carry; running pods get a changed Secret after a minute or two.",
  ),
  BACKEND_UNREACHABLE: entry(
    "The backend could not be reached.",
    "Check address, DNS, network policies and proxies between pod and backend.",
    true,
  ),
  BACKEND_CERTIFICATE: entry(
    "The backend's TLS certificate is not trusted.",
    "Put the CA into the Secret's CA_CERT_DATA, or correct the address.",
  ),
  SNAPSHOT_NOT_FOUND: entry(
    "The wanted snapshot does not exist.",
    "Choose one of the snapshots that the message lists.",
  ),
  NOTHING_SELECTED: entry(
    "Nothing is selected: no rule covers the host, or patterns leave nothing of it.",
    "Correct rules, include and exclude so that they select what is wanted.",
  ),
  PATH_NOT_FOUND: entry(
    "A path to back up does not exist in the container, or a folder above what is restored is a file.",
    "Correct target.paths, or mount the volume that holds it by target.volumeMounts.",
  ),
  PATH_INSIDE_REPOSITORY: entry(
    "A path to back up holds the repository itself.",
    "Put the repository elsewhere, or choose narrower paths.",
  ),
  PATHS_OVERLAP: entry(
    "Two paths of one restore lie within each other.",
    "Keep only the outer path, or restore them by two runs.",
  ),
  PATH_IS_LINK: entry(
    "A path is a symbolic link or leads through one, of which restic saves the name alone and which it replaces in a restore.",
    "Name the folder that the link leads to in target.paths, or the one that holds both; before a restore take the link away.",
  ),
  FILES_UNREADABLE: entry(
    "A folder or a path could not be read, or no file of it.",
    "Give the container's user the right to read it (runtimeSettings.container.securityContext), or exclude it.",
  ),
  SOURCE_CHANGED: entry(
    "The data changed or vanished while it was read.",
    "Run again, or add a hook that quiesces it.",
    true,
  ),
  RESTIC_MISSING: entry(
    "The restic program is not there or cannot be run.",
    "Use the product's image, or set STASH_RESTIC.",
  ),
  RESTIC_KILLED: entry(
    "restic was killed, for lack of memory or by a stop of the container.",
    "Raise the memory limit in runtimeSettings.container.resources, or run again.",
    true,
  ),
  RESTIC_TIMEOUT: entry("restic did not end in time.", "Raise spec.timeOut, or look for a slow backend.", true),
  RESTIC_STALLED: entry(
    "restic made no progress for half an hour: neither bytes nor files, and it neither read nor wrote.",
    "Look at the volume and the backend that it waits for, such as an NFS server that is away.",
    true,
  ),
  RESTIC_FAILED: entry(
    "restic failed for a reason that is not in the table.",
    "Read restic's own words in the message.",
  ),
  NO_SNAPSHOT_REPORTED: entry(
    "restic ended without naming a snapshot, so nothing counts as saved.",
    "Read the container's log and run again.",
    true,
  ),
  VERIFY_FAILED: entry("Restored files differ from the snapshot.", "Restore again; check disk and repository."),
  SNAPSHOT_FOREIGN: entry(
    "A snapshot has the tags of the application, and is not what the application saved.",
    "Look who else writes into the repository with its password; take that snapshot out, and back up again.",
  ),
  RESTORED_FILE_MISSING: entry(
    "A file, folder or link of the snapshot was not there after a drill had restored it.",
    "Read what the restore says of it; check the repository, and try another recovery point.",
  ),
  RESTORED_FILE_DIFFERS: entry(
    "A file, folder or link came back as something else than the snapshot has: another type, size, content or target.",
    "Run restic check with --read-data, and try another recovery point.",
  ),
  RESTORED_METADATA_DIFFERS: entry(
    "A file or folder came back with another owner, mode or time than the snapshot has.",
    "Set runtimeSettings so that the restoring container may set owners and modes.",
  ),
  DUMP_TRUNCATED: entry(
    "The dump in the snapshot has no end: whatever wrote it was cut off.",
    "Back up again, and look why the dump ended early; no restore brings back what is not in it.",
  ),
  RESTORED_ROWS_DIFFER: entry(
    "The restored database has other tables, or other numbers of rows, than the dump.",
    "Read what the load says; a dump that loads with errors is not whole.",
  ),
  QUERY_FAILED: entry(
    "A statement of the verifier failed, gave no answer in time, or not the one that it must.",
    "Ask the application's own database the same; correct the statement, or find out since when the data is wrong.",
  ),
  VOLUME_FULL: entry("The volume is too small for the restored data.", "Enlarge the volume, then restore again."),
  PERMISSION_DENIED: entry(
    "The container's user may not write or set ownership there.",
    "Set runtimeSettings.container.securityContext so that the user can write the restored files.",
  ),
  DUMP_FAILED: entry(
    "The dump or load program failed.",
    "Read its words in the message and correct task parameters or rights.",
  ),
  APP_UNREACHABLE: entry(
    "The application did not accept connections in time.",
    "Look at its pods and at the address in the AppBinding, or raise the parameter waitTimeout.",
    true,
  ),
  APP_REFUSED: entry(
    "The application refused the credentials.",
    "Correct the Secret that the AppBinding names, or its secretTransforms.",
  ),
  // Jobs.
  VARIABLE_MISSING: entry(
    "A variable in a Task or Function has no value and no default.",
    "Set it in task.params, or give it a default as in ${NAME:=default}.",
  ),
  VARIABLE_RESERVED: entry(
    "A parameter of a Task has the name of a variable that this product sets.",
    "Take the parameter away, or rename it in the Task's Functions.",
  ),
  JOB_FAILED: entry(
    "A container of the job ended with an error, or the job ended without a result.",
    "Read the container's last words in the message and its log.",
  ),
  JOB_REFUSED: entry(
    "The API server refuses the job or something that belongs to it.",
    "Do what the API server's words in the message ask for: a quota, a policy, a right or a setting.",
    true,
  ),
  IMAGE_UNAVAILABLE: entry(
    "The image of a container could not be pulled.",
    "Correct the image of the Function, or set imagePullSecrets in runtimeSettings.pod.",
    true,
  ),
  CONTAINER_NOT_STARTED: entry(
    "The node could not start a container of the job.",
    "Correct what the message names, often a Secret, a ConfigMap or a setting of the container.",
    true,
  ),
  OUT_OF_MEMORY: entry(
    "The container was ended because it used more memory than its limit.",
    "Raise the limit in runtimeSettings.container.resources.",
    true,
  ),
  EVICTED: entry(
    "The node ended the job's pod to free resources.",
    "Raise tempDir.sizeLimit or the requests in runtimeSettings.container.resources, or free space on the node.",
    true,
  ),
  UNSCHEDULABLE: entry(
    "No node can run the job's pod.",
    "Look at the message for what is lacking: resources, a volume's node, tolerations or a nodeSelector.",
    true,
  ),
  // Sessions.
  HOOK_FAILED: entry(
    "A hook failed or did not end in time.",
    "Read the hook's output in the status and correct the command or its limit.",
  ),
  EXECUTOR_LOST: entry(
    "The pod that served the host is gone and no other could take over.",
    "Look at the workload's pods and events; the next session tries again.",
    true,
  ),
  AGENT_RESTARTED: entry(
    "What served the host ended three times in the middle of its work.",
    "Look at the container's last state and log; often its memory limit in runtimeSettings.container.resources is too low.",
    true,
  ),
  SIDECAR_NOT_RUNNING: entry(
    "No ready pod of the target runs the stash container.",
    "Look at the StashSidecarInjected condition and at the workload's rollout.",
    true,
  ),
  OLD_PODS_RUNNING: entry(
    "Pods that mount what is to be restored went on running, and would have written beside the restore.",
    "Do what the message says with the pods that it names, and restore again.",
    true,
  ),
  NO_REPLICAS: entry(
    "The target has no replicas, so there is nothing that can read or restore its data.",
    "Scale the workload up.",
    true,
  ),
  TOO_MANY_HOSTS: entry(
    "The target has more replicas, or the whole session or restore more hosts, than can be worked for.",
    "Scale the workload down, or divide the batch into several.",
    true,
  ),
  DEADLINE_EXCEEDED: entry(
    "The session did not end before its deadline.",
    "Raise spec.timeOut, or look at what was slow.",
    true,
  ),
  CANCELLED: entry(
    "Somebody cancelled or deleted the session or restore before its end.",
    "Start another one; what was saved before stays, and after-hooks that were owed ran.",
  ),
  EARLIER_MEMBER_FAILED: entry(
    "A member that comes earlier failed, and the batch's failurePolicy is FailFast.",
    "Correct the earlier member.",
    true,
  ),
  RECOVERY_POINT_INCOMPLETE: entry(
    "The chosen session did not save every member.",
    "Choose a session that did, or name the snapshots by rules.",
  ),
  RECOVERY_POINT_NOT_FOUND: entry(
    "No complete recovery point exists for the choice.",
    "Choose one of those that the message lists.",
  ),
  // Drills.
  DRILL_NOT_POSSIBLE: entry(
    "The recovery point can't be restored beside the application.",
    "Do what the message names; a restore of the application itself is not concerned.",
  ),
  DRILL_SERVER_UNKNOWN: entry(
    "No image is known for the throw-away server of a database.",
    "Name an image of its kind and version in spec.servers of the BackupVerifier.",
  ),
  DRILL_NO_ROOM: entry(
    "The cluster has no room for the throw-away volumes of a drill.",
    "Name a StorageClass in spec.storage of the BackupVerifier, raise its sizeLimit, or make room in the quota that the message names.",
    true,
  ),
  DRILL_GAVE_WAY: entry(
    "The drill was ended: a restore, another drill or a person came first.",
    "Nothing to do: the next drill comes by the schedule, or make one by hand.",
    true,
  ),
  RECOVERY_NOT_PROVEN: entry(
    "What the drill restored is not what was backed up.",
    "Read the findings in the status of the BackupVerificationSession, and take a new backup once their cause is gone.",
  ),
  INTERNAL: entry("Something failed that should not.", "Report it with the program's log.", true),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export interface UserErrorOptions {
  /** The next step where it can be said more exactly than the table does. */
  readonly next?: string;
  /** Overrides the table's answer to "can a retry help?". */
  readonly retry?: boolean;
  readonly cause?: unknown;
}

/** An error that tells what failed on which object, what the user does next, and whether a retry can help. */
export class UserError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: UserErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "UserError";
    this.code = code;
    this.next = options.next ?? ERRORS[code].next;
    this.retryable = options.retry ?? ERRORS[code].retryable;
  }
}

/** True for the text of a code that the table holds. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERRORS, text);
}

/** One line for conditions, events and terminals: `message (next: ...)`. */
export function formatUserError(error: UserError): string {
  return `${error.message} (next: ${error.next})`;
}

/** Message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Ends a switch over a union: a new case fails to compile, and an impossible one throws. */
export function assertNever(value: never): never {
  throw new UserError("INTERNAL", `unexpected value ${JSON.stringify(value)}`);
}

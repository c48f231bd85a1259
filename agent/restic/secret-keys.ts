/** The keys of a backend Secret: which ones count for which backend, and which it needs. Pure. */
import { COMMON_VARIABLES, type UsedBackend } from "../../shared/backends.ts";
import { UserError } from "../../shared/errors.ts";
import { FILE_KEYS, isGiven, PASSWORD_KEY, secretProblems } from "./secret-values.ts";

interface NamedValues {
  readonly name: string;
  readonly values: ReadonlyMap<string, string>;
}

/** Keys of the Secret that become environment variables of restic. */
export function variablesOf({ kind }: Pick<UsedBackend, "kind">): readonly string[] {
  return [...kind.variables, ...COMMON_VARIABLES];
}

function missingKeys({ values }: NamedValues, { kind }: Pick<UsedBackend, "kind">): readonly string[] {
  const { required = [], pairs = [], identities } = kind;
  const isThere = (key: string) => isGiven(values, key);
  const halves = pairs.flatMap((pair) => (pair.some(isThere) ? pair : []));
  const lacksProof = identities?.of.some(isThere) === true && !identities.proofs.some(isThere);
  const wanted = [PASSWORD_KEY, ...required, ...halves, ...(lacksProof ? [identities.proofs[0]] : [])];
  return wanted.filter((key) => !isThere(key));
}

/**
 * Looks whether a Secret can serve a backend at all, before restic is asked.
 *
 * @throws UserError SECRET_INVALID naming each key that is missing, or whose value can't be right
 */
export function requireKeys(secret: NamedValues, backend: Pick<UsedBackend, "kind">): void {
  const missing = missingKeys(secret, backend);
  if (missing.length > 0) {
    throw new UserError("SECRET_INVALID", `Secret ${secret.name} lacks ${missing.join(", ")}`, {
      next: `Add ${missing.join(", ")} to Secret ${secret.name}.`,
    });
  }
  const { addressKeys = [], files = {} } = backend.kind;
  const counting = [
    PASSWORD_KEY,
    FILE_KEYS.ca,
    FILE_KEYS.clientCertificate,
    ...addressKeys,
    ...Object.keys(files),
    ...variablesOf(backend),
  ];
  const problems = secretProblems(secret.values, counting);
  if (problems.length > 0) {
    throw new UserError("SECRET_INVALID", `Secret ${secret.name}: ${problems.join("; ")}`, {
      next: `Correct ${problems.map((problem) => problem.split(" ")[0]).join(", ")} of Secret ${secret.name}; \`printf %s\` and \`echo -n\` write no line break.`,
    });
  }
}

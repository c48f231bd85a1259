/** Works on the passwords of a repository. What one is comes from this machine; those that are there never come to it. */
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { KINDS } from "../../shared/api/kinds.ts";
import { Command } from "../../shared/contract.ts";
import { messageOf, UserError } from "../../shared/errors.ts";
import { listAt, parseJson, textAt, valueAt } from "../../shared/json/value.ts";
import type { Cluster } from "../cluster/interface.ts";
import { openCluster } from "../cluster/open.ts";
import { SECRETS } from "../cluster/resources.ts";
import type { Input } from "../program/command.ts";
import { ExitCode } from "../program/exit-code.ts";
import { UsageError } from "../program/usage-error.ts";
import { gatherWork, type WorkView } from "../repository-work/gather-work.ts";
import { type Shell, withShell } from "../repository-work/shell.ts";
import { printListing } from "../terminal/print.ts";

const PASSWORD_KEY = "RESTIC_PASSWORD";

type Action = (input: Input, cluster: Cluster, view: WorkView) => Promise<void>;

const ACTIONS: Readonly<Record<string, Action>> = {
  list: async (input, cluster, view) => {
    const keys = await withShell(input, cluster, view, listKeys);
    printListing(input, {
      rows: keys,
      columns: [
        { heading: "ID", cell: ({ id }) => id },
        { heading: "IN USE", cell: ({ isCurrent }) => (isCurrent ? "yes" : "-") },
        { heading: "USER", cell: ({ user }) => user },
        { heading: "HOST", cell: ({ host }) => host },
        { heading: "CREATED", cell: ({ createdAt }) => createdAt },
      ],
      data: { keys },
      nameOf: ({ id }) => id,
      nothing: "there are no keys",
    });
  },
  add: async (input, cluster, view) => {
    const password = await readPassword(input);
    await withShell(input, cluster, view, (shell) => addKey(input, shell, password));
    input.terminal.print("key added");
  },
  remove: async (input, cluster, view) => {
    const id = input.flags.text("id");
    if (id === undefined || !/^[0-9a-f]{4,64}$/.test(id)) throw new UsageError("which key?", "name it with --id");
    const order = [Command.Restic, "key", "remove", "--", id];
    await withShell(input, cluster, view, (shell) => shell.run(order, { stdout: new PassThrough().resume() }));
    input.terminal.print(`key ${id} removed`);
  },
  passwd: changePassword,
  update: changePassword,
};

export async function runKey(input: Input): Promise<ExitCode> {
  const [word = "", repository = ""] = input.words;
  const action = ACTIONS[word];
  if (action === undefined) throw new UsageError(`${word} is none of ${Object.keys(ACTIONS).join(", ")}`);
  const cluster = await openCluster(input);
  await action(input, cluster, await gatherWork(cluster, repository, input.flags));
  return ExitCode.Good;
}

/** The Secret is written when the new password opens the repository, and no earlier. */
async function changePassword(input: Input, cluster: Cluster, view: WorkView): Promise<void> {
  const password = await readPassword(input);
  const { namespace, name } = view.repository.metadata;
  const secret = view.repository.spec.backend?.storageSecretName;
  if (!secret) throw new UserError("BACKEND_INVALID", `Repository ${namespace}/${name} names no storageSecretName`);
  await refuseSharedSecret(cluster, view, secret);
  const before = await withShell(input, cluster, view, async (shell) => {
    const keys = await listKeys(shell);
    await addKey(input, shell, password);
    return keys.find(({ isCurrent }) => isCurrent)?.id;
  });
  const remove = `${input.programName} key remove ${name} --id=${before ?? "ID"} -n ${namespace}`;
  try {
    await cluster.mergePatch(SECRETS, namespace, secret, { stringData: { [PASSWORD_KEY]: password } });
  } catch (thrown) {
    input.terminal.note(`the new password opens the repository; Secret ${namespace}/${secret} still has the old one`);
    throw thrown;
  }
  input.terminal.print(`Secret ${namespace}/${secret} has the new password`);
  input.terminal.note(`the old one still opens the repository; when all pods have the new one: ${remove}`);
}

/** Only this repository would know the new password, and what opens the others would be lost with the old one. */
async function refuseSharedSecret(cluster: Cluster, { repository }: WorkView, secret: string): Promise<void> {
  const { namespace, name } = repository.metadata;
  const others = (await cluster.list(KINDS.Repository, namespace)).flatMap((raw) => {
    const isOther = textAt(raw, "metadata", "name") !== name;
    const names = textAt(raw, "spec", "backend", "storageSecretName") === secret;
    return isOther && names ? [textAt(raw, "metadata", "name") ?? ""] : [];
  });
  if (others.length === 0) return;
  const who = `${others.length === 1 ? "Repository" : "Repositories"} ${others.join(", ")}`;
  throw new UserError("NOT_ALLOWED", `Secret ${namespace}/${secret} is also the one of ${who}`, {
    next: "give each Repository a Secret of its own; or `key add` the new password to each, and write it into the Secret yourself",
  });
}

async function addKey({ flags }: Input, shell: Shell, password: string): Promise<void> {
  const given = ["host", "user"].flatMap((name) => {
    const value = flags.text(name);
    return value === undefined ? [] : [`--${name}=${value}`];
  });
  const stdin = new PassThrough();
  // The end of the input would close the way before the command has answered.
  stdin.write(`${password}\n`);
  await shell.run([Command.AddKey, ...given], { stdout: new PassThrough().resume(), stdin });
}

async function readPassword({ flags }: Input): Promise<string> {
  const file = flags.text("new-password-file");
  if (file === undefined) throw new UsageError("which password?", "name a file with --new-password-file, or -");
  let text: string;
  try {
    text = file === "-" ? await readText(process.stdin) : await readFile(file, "utf8");
  } catch (thrown) {
    throw new UsageError(`the password can't be read: ${messageOf(thrown)}`);
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "" || /[\r\n\0]/.test(password)) {
    throw new UsageError("a password is one line that is not empty");
  }
  return password;
}

interface Key {
  readonly id: string;
  readonly isCurrent: boolean;
  readonly user: string;
  readonly host: string;
  readonly createdAt: string;
}

async function listKeys(shell: Shell): Promise<readonly Key[]> {
  const found = parseJson(await shell.read(["key", "list", "--json", "--no-lock"]));
  return listAt({ found }, "found").map((key) => ({
    id: textAt(key, "id") ?? "",
    isCurrent: valueAt(key, "current") === true,
    user: textAt(key, "userName") ?? "-",
    host: textAt(key, "hostName") ?? "-",
    createdAt: textAt(key, "created") ?? "-",
  }));
}

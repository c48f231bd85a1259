/** `kubectl stash ui` as people start it. */
import { spawn } from "node:child_process";

export interface UiProcess {
  /** What a person opens; signs in once. */
  readonly address: string;
  /** Everything that it told besides. */
  notes(): string;
  stop(): Promise<void>;
}

const START_MS = 60_000;

/** @param file the built plugin @param args after `ui` @param path where programs are looked for */
export async function startUi(
  file: string,
  kubeconfig: string,
  args: readonly string[],
  path = process.env["PATH"],
): Promise<UiProcess> {
  return startUiIn({ ...process.env, KUBECONFIG: kubeconfig, PATH: path }, file, args);
}

/** As a pod starts it: all that it knows is in its environment. */
export async function startUiIn(env: NodeJS.ProcessEnv, file: string, args: readonly string[]): Promise<UiProcess> {
  const child = spawn(process.execPath, [file, "ui", ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  let notes = "";
  child.stderr.on("data", (chunk) => {
    notes += String(chunk);
  });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const address = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`kubectl stash ui did not start: ${notes}`));
    }, START_MS);
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += String(chunk);
      if (!printed.includes("\n")) return;
      clearTimeout(timer);
      resolve(printed.trim());
    });
    // When it has said all that it has to say.
    child.on("close", (code) => {
      clearTimeout(timer);
      reject(new Error(`kubectl stash ui ended with ${code}: ${notes}`));
    });
  });
  return {
    address,
    notes: () => notes,
    async stop() {
      child.kill("SIGINT");
      await closed;
    },
  };
}

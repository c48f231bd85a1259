/**
 * Starts the browser that the person uses. The address signs in, and command lines can be read by everybody on the machine: what is
 * opened is a file that leads there, which nobody else can read.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "../../shared/errors.ts";
import { formatLeadingPage } from "./sign-in-pages.ts";

const OPENERS: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

export interface Opening {
  /** Takes the file away; it is of use once. */
  forget(): void;
}

/** @param onFailure is called with the reason where there is none to start: the address is printed anyhow */
export function openBrowser(address: string, onFailure: (why: string) => void): Opening {
  let dir: string | undefined;
  const forget = () => {
    if (dir !== undefined) rmSync(dir, { recursive: true, force: true });
    dir = undefined;
  };
  // However the program ends.
  process.once("exit", forget);
  try {
    dir = mkdtempSync(join(tmpdir(), "kubectl-stash-ui-"));
    const file = join(dir, "open.html");
    writeFileSync(file, formatLeadingPage(address), { mode: 0o600, flag: "wx" });
    start(pathToFileURL(file).href, onFailure);
  } catch (thrown) {
    forget();
    onFailure(messageOf(thrown));
  }
  return { forget };
}

function start(url: string, onFailure: (why: string) => void): void {
  const [program = "xdg-open", ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
  child.on("error", (error) => onFailure(error.message));
  child.on("exit", (code) => {
    if (code !== 0) onFailure(`${program} ended with ${code}`);
  });
  child.unref();
}

// Runs one of our TypeScript programs on a machine that has nothing of ours yet: installs the npm packages when
// package-lock.json changed since the last install, then starts the script with the Node that the packages bring.
// Plain JavaScript on purpose: any Node from 18 on can run it.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");
const marker = join(root, "node_modules", ".stash-batch-install");
const ownNode = join(root, "node_modules", ".bin", "node");
const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");

if (!existsSync(ownNode) || !existsSync(marker) || readFileSync(marker, "utf8") !== wanted) {
  console.error("installing npm packages (npm ci) ...");
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0 || !existsSync(ownNode)) {
    console.error(
      "npm ci failed. Check that the npm registry can be reached and that the disk has 500 MB free, then run again.",
    );
    process.exit(1);
  }
  writeFileSync(marker, wanted);
}

const child = spawn(ownNode, [join(root, process.argv[2]), ...process.argv.slice(3)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));

/**
 * The application of the session tests: writes random files at its first start only, then answers on port 8080 and notes
 * every request in /notes/calls. argv[2]: how many files.
 */
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

if (!existsSync("/data/.written")) {
  mkdirSync("/data/folder with blanks", { recursive: true });
  for (let at = 0; at < Number(process.argv[2] ?? 5); at += 1) {
    writeFileSync(`/data/file-${at}`, randomBytes(1_000 * (at + 1)), { mode: 0o640 });
  }
  writeFileSync("/data/folder with blanks/a\nnewline", randomBytes(77));
  symlinkSync("file-0", "/data/link");
  writeFileSync("/data/.written", new Date().toISOString());
}
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", () => {
    appendFileSync("/notes/calls", `${request.method} ${request.url} ${body}\n`);
    response.end("ok");
  });
});
server.listen(8080, process.env.POD_IP);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));

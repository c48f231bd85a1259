/** The thread of render-apart.ts: a template comes, what it renders to goes. */
import { parentPort } from "node:worker_threads";
import { UserError } from "../../../shared/errors.ts";
import { renderTemplate } from "../../../shared/go-template/render.ts";
import { timed } from "../cpu-time.ts";

const NOW = new Date(1_714_435_200_000);

function outcome(template: string): string {
  try {
    return renderTemplate(template, {}, NOW);
  } catch (error) {
    if (error instanceof UserError) return `fault: ${error.message}`;
    throw error;
  }
}

parentPort?.on("message", (template: string) => {
  const { result: said, cpuMs } = timed(() => outcome(template));
  parentPort?.postMessage({ said, cpuMs });
});

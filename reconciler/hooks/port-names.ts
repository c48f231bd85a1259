/** Ports that hooks call by their names. Names belong to a pod's containers, which an agent may not read. Pure. */
import type { Handler } from "../../shared/api/hooks.ts";

/** A port that a container gives a name to. */
export interface NamedPort {
  readonly container: string;
  readonly name: string;
  readonly number: number;
}

/**
 * The handler with numbers in place of names: those of the container that the handler names, and where it names none those of
 * the first container that has the name. A name that is not found stays, and the hook fails with it.
 */
export function withPortNumbers(handler: Handler, ports: readonly NamedPort[]): Handler {
  const { containerName, httpGet, httpPost, tcpSocket } = handler;
  const known = containerName ? ports.filter(({ container }) => container === containerName) : ports;
  const withNumber = <H extends { readonly port: number | string }>(part: H): H => {
    const found = known.find(({ name }) => name === part.port);
    return found === undefined ? part : { ...part, port: found.number };
  };
  return {
    ...handler,
    ...(httpGet !== undefined && { httpGet: withNumber(httpGet) }),
    ...(httpPost !== undefined && { httpPost: withNumber(httpPost) }),
    ...(tcpSocket !== undefined && { tcpSocket: withNumber(tcpSocket) }),
  };
}

/** What is looked at, by whom, and whether anything can be changed. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { About } from "../wire/envelope.ts";
import { Name } from "./words.tsx";

export function Footer({ about }: { readonly about: About }): JSX.Element {
  const { scope, server, allowsActions, version, inCluster, history } = about;
  return (
    <>
      <p>
        {scope === undefined ? (
          "All namespaces"
        ) : (
          <>
            Namespace <Name>{scope}</Name>
          </>
        )}{" "}
        of <Name>{server}</Name>.{" "}
        {inCluster !== undefined && inCluster.user !== "" && (
          <>
            You are <Name>{inCluster.user}</Name>.{" "}
          </>
        )}
        {allowsActions ? "Actions are allowed." : "Nothing can be changed from here: --allow-actions was not given."}{" "}
        {history !== undefined && (
          <>
            Older days are told by Prometheus, <Name>{history}</Name>.{" "}
          </>
        )}
        Version {version}.
      </p>
      {inCluster !== undefined && <NamespaceChoice root={inCluster.root} scope={scope} />}
    </>
  );
}

/** Who may not look at all namespaces looks at one. */
function NamespaceChoice({ root, scope }: { readonly root: string; readonly scope: string | undefined }): JSX.Element {
  const [namespace, setNamespace] = useState(scope ?? "");
  const go = (event: Event) => {
    event.preventDefault();
    location.assign(namespace === "" ? root : `${root}in/${namespace}/`);
  };
  return (
    <form onSubmit={go}>
      <label>
        Look at one namespace; empty for all{" "}
        <input
          type="text"
          autoComplete="off"
          spellcheck={false}
          pattern="[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?"
          value={namespace}
          onInput={({ currentTarget }) => setNamespace(currentTarget.value)}
        />
      </label>{" "}
      <button type="submit">Look</button>
    </form>
  );
}

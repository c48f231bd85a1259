/** Entry of the pages. */
import { render } from "preact";
import { App } from "./app.tsx";
import { withoutSignIn } from "./route.ts";

if (location.search !== "") history.replaceState(history.state, "", withoutSignIn(location.href));

const root = document.getElementById("root");
if (root !== null) render(<App />, root);

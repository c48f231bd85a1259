/** Completion scripts. Each asks the program itself, so that it never knows less than the program. */
import { assertNever } from "../../shared/errors.ts";
import { UsageError } from "../program/usage-error.ts";
import { Completion, SHELLS } from "./words.ts";

type Shell = "bash" | "zsh" | "fish";

const isShell = (word: string): word is Shell => SHELLS.includes(word);

/**
 * @param name of the program on the PATH
 * @throws UsageError for another shell
 */
export function completionScript(shell: string, name: string): string {
  if (!isShell(shell)) throw new UsageError(`there is no script for ${shell}`, `take one of ${SHELLS.join(", ")}`);
  switch (shell) {
    case "bash":
      return bash(name);
    case "zsh":
      return zsh(name);
    case "fish":
      return fish(name);
    default:
      return assertNever(shell);
  }
}

const functionName = (name: string) => `_${name.replaceAll("-", "_")}_complete`;

/** The last line of an answer is the directive: a colon and a number. */
function bash(name: string): string {
  return `# bash completion of ${name}
${functionName(name)}() {
  # bash takes an equals sign for a word of its own, unless COMP_WORDBREAKS says otherwise.
  local i line word before= words=()
  for ((i = 1; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if ((i > 1)) && [[ $word == = || \${COMP_WORDS[i - 1]} == = ]]; then words[\${#words[@]} - 1]+=$word; else words+=("$word"); fi
  done
  [[ \${COMP_WORDS[COMP_CWORD]} == --*=* ]] && before=\${COMP_WORDS[COMP_CWORD]%%=*}=
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :*) ;;
      *) COMPREPLY+=("$before\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" ${Completion.Command} "\${words[@]}" 2>/dev/null)
}
complete -o default -F ${functionName(name)} ${name}
`;
}

function zsh(name: string): string {
  return `#compdef ${name}
# zsh completion of ${name}
${functionName(name)}() {
  local line
  local -a found
  [[ "\${words[CURRENT]}" == --*=* ]] && compset -P '*='
  for line in "\${(@f)$("\${words[1]}" ${Completion.Command} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :*|'') ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done
  if (( \${#found} )); then _describe '${name}' found; else _files; fi
}
compdef ${functionName(name)} ${name}
`;
}

function fish(name: string): string {
  return `# fish completion of ${name}
function ${functionName(name)}
  set -l line (commandline -opc) (commandline -ct)
  set -l before (string match -r -- '^--[^=]*=' (commandline -ct))
  for found in ($line[1] ${Completion.Command} $line[2..-1] 2>/dev/null)
    string match -q ':*' -- $found; or echo "$before$found"
  end
end
complete -c ${name} -f -a '(${functionName(name)})'
`;
}

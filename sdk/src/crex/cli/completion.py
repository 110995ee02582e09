"""`crex completion bash`: completes commands and options; made from the command line itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from crex.cli.options import Commands, command
from crex.cli.result import Result

_SCRIPT = """# Completion of crex. Use it with: source <(crex completion bash)
_crex() {{
  local word path="" candidates
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$path/$word" in
      {paths}) path="$path/$word" ;;
    esac
  done
  case "$path" in
{cases}
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "${{COMP_WORDS[COMP_CWORD]}}"))
  [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=($(compgen -f -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o filenames -F _crex crex"""


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = command(commands, "completion", _completion, "print a script that completes crex in a shell")
    parser.add_argument("shell", choices=("bash",))


def _completion(_options: argparse.Namespace) -> Result:
    from crex.cli.main import build_parser

    words = dict(_walk("", build_parser()))
    cases = "\n".join(
        f'    "{path}") candidates="{" ".join(candidates)}" ;;' for path, candidates in words.items()
    )
    paths = "|".join(f'"{path}"' for path in words if path)
    script = _SCRIPT.format(paths=paths, cases=cases)
    return Result({"script": script}, script)


def _walk(path: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, list[str]]]:
    words: list[str] = []
    below: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:  # argparse offers no other way to ask what was added
        if isinstance(action, argparse._SubParsersAction):
            below += action.choices.items()
        words += [option for option in action.option_strings if option.startswith("--")]
        if action.choices and not action.option_strings and not below:
            words += map(str, action.choices)
    yield path, sorted({*words, *(name for name, _ in below)})
    for name, child in below:
        yield from _walk(f"{path}/{name}", child)

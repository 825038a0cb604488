"""What CI platforms do with a recipe: fill in expressions, run scripts in a bare environment.

Of the expressions of GitHub Actions it knows those that the recipes have; another one is an error.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.recipes.forking import commands

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
PYTHON = f"""#!/bin/bash
if [ "$1 $2" != "-m venv" ]; then exec {sys.executable} "$@"; fi
exec {sys.executable} {Path(__file__).with_name("environment.py")} "$3"
"""
"""`python -m venv` makes an environment whose libraries are those of this one."""

GITHUB = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
OTHERS = ("bash", "-e")

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKEN = re.compile(r"\s*(\|\||&&|!=|==|'(?:[^']|'')*'|[\w.-]+(?:\('[^']*'\)|\(\))?)")

Context = Mapping[str, str]
"""Values by their full names: `inputs.provider`, `steps.run.outputs.report`."""


def loaded(path: Path) -> dict[str, Any]:
    """Return a YAML file; `on` is a key, not YAML 1.1's yes."""
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - texts only
    assert isinstance(content, dict)
    return content


def filled(text: str, context: Context, folder: Path) -> str:
    """Return a text with its expressions evaluated."""
    return _EXPRESSION.sub(lambda found: evaluated(found[1], context, folder), text)


def evaluated(expression: str, context: Context, folder: Path) -> str:
    """Return the value of an expression: `||` and `&&` return an operand, as GitHub's do."""
    tokens = _TOKEN.findall(expression)
    assert "".join(expression.split()) == "".join("".join(tokens).split()), expression
    value = ""
    for choice in _split(tokens, "||"):
        for term in _split(choice, "&&"):
            value = _term(term, context, folder)
            if value in ("", "false"):
                break
        if value not in ("", "false"):
            return value
    return value


def _term(tokens: list[str], context: Context, folder: Path) -> str:
    values = [_value(token, context, folder) for token in tokens if token not in ("!=", "==")]
    if len(tokens) == 1:
        return values[0]
    assert len(tokens) == 3, tokens
    return str((values[0] == values[1]) is (tokens[1] == "==")).lower()


def _value(word: str, context: Context, folder: Path) -> str:
    if word.startswith("'"):
        return word[1:-1].replace("''", "'")
    if word == "always()":
        return "true"
    if found := re.fullmatch(r"hashFiles\('(.*)'\)", word):
        return "0123" if list(folder.glob(found[1])) else ""
    assert re.fullmatch(r"(inputs|steps|github|secrets|vars|env)\.[\w.-]+", word), word
    return context.get(word, "")


def _split(tokens: list[str], by: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == by:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


@dataclass
class Machine:
    """An empty directory, an empty home, and nothing of this process' environment."""

    place: Path
    variables: dict[str, str] = field(default_factory=dict)
    said: str = ""

    def __post_init__(self) -> None:
        for name in ("work", "home", "temp", "bin", "path"):
            (self.place / name).mkdir(parents=True)
        for name in ("python", "python3"):
            self.command(name, PYTHON)
        for name in ("output", "summary"):
            (self.place / name).touch()
        (self.place / "github_path").touch()
        for name in ("harness", "pytest"):
            (self.place / "path" / name).symlink_to(commands() / name)

    @property
    def work(self) -> Path:
        """The directory of the job."""
        return self.place / "work"

    @property
    def summary(self) -> str:
        """What steps wrote into the job's summary."""
        return (self.place / "summary").read_text(encoding="utf-8")

    def command(self, name: str, script: str) -> None:
        """Put a command of our own on the PATH."""
        (self.place / "bin" / name).write_text(script, encoding="utf-8")
        (self.place / "bin" / name).chmod(0o755)

    def install(self) -> None:
        """Let `harness` and `pytest` be installed, as a step before would have done it."""
        self.variables["PATH_OF_INSTALLED"] = str(self.place / "path")

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return what a script's environment is."""
        installed = self.variables.get("PATH_OF_INSTALLED")
        path = [str(self.place / "bin"), *([installed] if installed else []), "/usr/bin", "/bin"]
        return {
            "CI": "true",
            "HOME": str(self.place / "home"),
            "PATH": os.pathsep.join(path),
            "LANG": "C.UTF-8",
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.place / "output"),
            "GITHUB_PATH": str(self.place / "github_path"),
            "GITHUB_STEP_SUMMARY": str(self.place / "summary"),
            "GITHUB_WORKSPACE": str(self.work),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.place / "temp"),
            "PIP_NO_INDEX": "1",  # nothing is fetched, whatever a step asks for
            **self.variables,
            **more,
        }

    def run(self, script: str, shell: tuple[str, ...] = GITHUB, **more: str) -> int:
        """Run a script as the platform does and return its exit code; `said` is what it printed."""
        file = self.place / "temp" / "script.sh"
        file.write_text(script, encoding="utf-8")
        done = subprocess.run(
            [*shell, file],
            cwd=self.work,
            env=self.environment(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        self.said = done.stdout
        return done.returncode

    def step(self, step: Mapping[str, Any], context: dict[str, str]) -> int:
        """Run a step of GitHub Actions; what it puts out is in the context afterwards."""
        (self.place / "output").write_text("")
        variables = {
            name: filled(text, context, self.work) for name, text in step.get("env", {}).items()
        }
        assert "${{" not in step["run"], "a text of others is never a part of a script"
        code = self.run(step["run"], GITHUB, **variables)
        for line in (self.place / "output").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition("=")
            context[f"steps.{step.get('id', '')}.outputs.{name}"] = value
        context[f"steps.{step.get('id', '')}.outcome"] = "failure" if code else "success"
        return code


QUICK = f"""#!/bin/bash
# An environment whose pip notes what it is asked for, and whose harness is this one.
if [ "$1 $2" != "-m venv" ]; then exec {sys.executable} "$@"; fi
mkdir -p "$3/bin"
for name in harness pytest; do ln -sf "$HOME/../path/$name" "$3/bin/$name"; done
cat > "$3/bin/python" <<'END'
#!/bin/bash
if [ "$1 $2" != "-m pip" ]; then exec {sys.executable} "$@"; fi
echo "$*" >> "$HOME/pip.log"
END
chmod 755 "$3/bin/python"
"""
"""Stands for `python`, where another test runs the same lines with pip."""


def readme_installation() -> tuple[str, ...]:
    """Return the README's lines that install the harness alone, without what differs by place."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.partition("Without make, these are the same steps:\n\n")[2]
    lines = [line.strip() for line in block.splitlines()]
    return tuple(lines[: lines.index(".venv/bin/python -m pip check") + 1])

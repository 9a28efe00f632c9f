"""What a target has: one look over ssh, and what is missing there, each with a remedy."""

import shlex
from dataclasses import dataclass, replace
from shutil import which

from workbench import __version__
from workbench.remote import ray_cluster
from workbench.remote.line import Line, TargetProblem, line_to
from workbench.settings import Target

PYTHONS = ((3, 11), (3, 12), (3, 13))
ENVIRONMENT_GB = 12.0
"""Free space that a new environment takes with PyTorch's CUDA build."""
_DIGITS = 16
_SCRIPT = r"""
root=$1; python=$2
mkdir -p "$root/runs" "$root/environments" "$root/wheels" 2>/dev/null || { echo "no_folder=$root"; exit 0; }
cd "$root"; echo "root=$(pwd -P)"; echo "free_kb=$(df -Pk . | awk 'NR==2{print $4}')"
PATH="$PATH:$HOME/.local/bin:$HOME/.cargo/bin"
for name in python3.13 python3.12 python3.11 python3; do
  command -v $name >/dev/null 2>&1 || continue
  echo "python=$(command -v $name) $($name -c 'import sys; print(*sys.version_info[:2])')"
done
command -v uv >/dev/null 2>&1 && echo "uv=$(command -v uv)"
command -v rsync >/dev/null 2>&1 && echo "rsync=yes"
nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null | sed 's/^/gpu=/'
for made in environments/*/complete; do [ -f "$made" ] && echo "environment=$(basename "$(dirname "$made")")"; done
if [ -n "$python" ]; then
  echo "own=$("$python" -P -c 'import workbench; print(workbench.__version__)' 2>&1 | tail -1)"
fi
exit 0
"""


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What a target has."""

    line: Line
    root: str = ""
    free_gb: float = 0.0
    pythons: tuple[tuple[str, tuple[int, int]], ...] = ()
    uv: str = ""
    rsync: bool = False
    gpus: tuple[str, ...] = ()  # "name, memory, driver"
    environments: tuple[str, ...] = ()
    own_version: str = ""  # of the program that the target's `python` has
    problems: tuple[TargetProblem, ...] = ()

    @property
    def device(self) -> str:
        return "cuda" if self.gpus else "cpu"

    @property
    def python(self) -> str:
        """A Python that an environment can be made with; "" where uv has to fetch one."""
        return next((path for path, version in self.pythons if version in PYTHONS), "")


def look(target: Target) -> TargetFacts:
    """Look at a target.

    Raises:
        ConfigProblem: its address cannot be read.
        LineBroken: the host cannot be reached.
        TargetProblem: the key is refused.
    """
    line = line_to(target)
    answer = line.run(f"sh -s -- {shlex.quote(line.path)} {shlex.quote(target.python)}", _SCRIPT)
    values: dict[str, list[str]] = {}
    for row in answer.splitlines():
        key, sign, value = row.partition("=")
        if sign:
            values.setdefault(key, []).append(value.strip())
    latest = {key: rows[-1] for key, rows in values.items()}
    pythons = []
    for row in values.get("python", []):
        match row.split():
            case [path, major, minor] if _is_number(major) and _is_number(minor):
                pythons.append((path, (int(major), int(minor))))
    root, free_kb = latest.get("root", ""), latest.get("free_kb", "")
    root = root if root.startswith("/") else ""  # else programs there would take it for an option
    facts = TargetFacts(
        line=Line(line.name, line.host, root or line.path),
        root=root,
        free_gb=int(free_kb) / 1e6 if _is_number(free_kb) else 0.0,
        pythons=tuple(pythons),
        uv=latest.get("uv", ""),
        rsync="rsync" in latest and which("rsync") is not None,  # else tar carries
        gpus=tuple(values.get("gpu", [])),
        environments=tuple(values.get("environment", [])),
        own_version=latest.get("own", ""),
    )
    return replace(facts, problems=tuple(_problems(target, facts)))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < _DIGITS


def device_of(target: Target) -> str:
    """The device of a target that is to be used now: "cuda" or "cpu".

    Raises:
        TargetProblem: it cannot be reached, or something is missing there.
    """
    if not target.is_ray:
        return checked(target).device
    facts = ray_cluster.look(target)
    return facts.device if target.gpus is None else "cuda" if target.gpus else "cpu"


def checked(target: Target) -> TargetFacts:
    """Look at a target that is to be used.

    Raises:
        TargetProblem: something is missing there.
    """
    facts = look(target)
    if facts.problems:
        raise facts.problems[0]
    return facts


def _problems(target: Target, facts: TargetFacts) -> list[TargetProblem]:
    name, problems = facts.line.name, []
    if not facts.root:
        return [TargetProblem(f"{facts.line.path} cannot be written on {name}.", "Name another path: ssh:host:path.")]
    if target.python and facts.own_version != __version__:
        problems.append(
            TargetProblem(
                f"{target.python} on {name} has not invoice-workbench {__version__}, but: {facts.own_version[:200]}",
                "Install this version there, or leave `python` out of the target: an environment is made then.",
            )
        )
    if not target.python and not facts.python and not facts.uv:
        have = ", ".join(f"{path} ({major}.{minor})" for path, (major, minor) in facts.pythons) or "none"
        problems.append(
            TargetProblem(f"{name} has no Python 3.11 to 3.13: {have}.", "Install one there, or uv, which fetches one.")
        )
    needed = 0.2 if target.python or facts.environments else ENVIRONMENT_GB if facts.gpus else ENVIRONMENT_GB / 3
    if facts.free_gb < needed:
        problems.append(
            TargetProblem(
                f"{name} has {facts.free_gb:.1f} GB free in {facts.root}, and {needed:.1f} GB are needed.",
                "Free some space there, or name a path on another disk.",
            )
        )
    return problems

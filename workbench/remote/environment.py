"""The Python of a target: the one that it names, or an environment that is made there once for each version."""

import base64
import csv
import hashlib
import io
import re
import shlex
import zipfile
from importlib import metadata
from pathlib import Path

import workbench
from storage.files import temporary_folder
from workbench.remote import answers
from workbench.remote.agent import code_digest
from workbench.remote.answers import Answer
from workbench.remote.check import TargetFacts
from workbench.remote.line import NO_CHATTER, TargetProblem
from workbench.settings import Target

PROJECT = "invoice-workbench"
_MAKE_SECONDS = 3600.0
_CPU_BUILDS = "https://download.pytorch.org/whl/cpu/"
"""Of PyTorch: a tenth of the size of the build for GPUs, which is what other indexes have."""
_MAKE = r"""
set -e
cd "$1"; key=$2; python=$3; uv=$4; index=$5; shift 5
if [ -n "$index" ]; then
  # where it cannot be reached, pip tries it for minutes for every library
  try='import sys, urllib.request as request; request.urlopen(sys.argv[1], timeout=20)'
  if [ -z "$python" ] || "$python" -c "$try" "$index" 2>/dev/null; then set -- --extra-index-url "$index" "$@"; fi
fi
place="environments/$key"
exec 9>"environments/$key.lock"
command -v flock >/dev/null 2>&1 && flock 9
[ -f "$place/complete" ] && exit 0
rm -rf "$place"
install() {
  if [ -n "$uv" ]; then
    "$uv" venv -q --python "${python:-3.11}" "$place" && "$uv" pip install -q --python "$place/bin/python" "$@"
  else
    # an older pip builds libraries without wheels in a way that fails with today's setuptools
    "$python" -m venv "$place" && "$place/bin/python" -m pip install -q --disable-pip-version-check --use-pep517 "$@"
  fi
}
install "$@" 2>"$place.log" || {
  cat "$place.log" >&2
  cause=$(grep -iE "error|not found|×" "$place.log" | tail -n 1 | cut -c 1-200)
  echo "${cause:-it failed} (all that was said is in $PWD/$place.log there)" >&2
  exit 1
}
touch "$place/complete"
"""


def python_of(target: Target, facts: TargetFacts) -> str:
    """The Python on a target that has this program; "" where its environment is still to be made."""
    if target.python:
        return target.python
    key = _key()
    return f"{facts.root}/environments/{key}/bin/python" if key in facts.environments else ""


def make(facts: TargetFacts) -> str:
    """Make the environment of this very version on a target: its wheel, with the versions of its libraries pinned.

    Two that make it at once make it once. Returns its Python.

    Raises:
        LineBroken: the host cannot be reached.
        TargetProblem: a library cannot be installed there.
    """
    line, key = facts.line, _key()
    place = f"{facts.root}/wheels/{key}"
    with temporary_folder("wheel") as folder:
        wheel = write_wheel(folder)
        (folder / "constraints.txt").write_text("\n".join(constraints(bool(facts.gpus))) + "\n", encoding="utf-8")
        line.send(folder, place, rsync=facts.rsync)
    index = "" if facts.gpus else _CPU_BUILDS
    arguments = [facts.root, key, facts.python, facts.uv, index, "-c", f"{place}/constraints.txt", f"{place}/{wheel}"]
    try:
        line.run(f"sh -s -- {shlex.join(arguments)}", _MAKE, _MAKE_SECONDS)
    except TargetProblem as problem:
        raise type(problem)(
            f"No environment could be made on {line.name}: {problem.message}",
            "Give it a network or a package mirror; or make one there by hand and name its `python` in [targets].",
        ) from problem
    return f"{facts.root}/environments/{key}/bin/python"


def _key() -> str:
    return f"{workbench.__version__}-{code_digest()}"


def constraints(has_gpu: bool) -> list[str]:
    """`name==version` of every library that this program needs, as it is here. A build for one device is left open."""
    wanted, known = [PROJECT], dict[str, str]()
    while wanted:
        name = wanted.pop()
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for requirement in distribution.requires or ():
            other = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
            key = re.sub(r"[-_.]+", "-", other).lower()
            if "extra ==" not in requirement and key not in known:
                known[key] = ""
                wanted.append(other)
        if name != PROJECT:
            known[re.sub(r"[-_.]+", "-", name).lower()] = distribution.version.partition("+")[0]
    return sorted(f"{name}=={version}" for name, version in known.items() if version and not name.startswith("nvidia-"))


def write_wheel(folder: Path) -> str:
    """Write the program as it is installed here into a wheel; its name."""
    version = workbench.__version__
    name = f"invoice_workbench-{version}-py3-none-any.whl"
    info = f"invoice_workbench-{version}.dist-info"
    installed = metadata.distribution(PROJECT)
    texts = {
        f"{info}/METADATA": installed.read_text("METADATA") or "",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: invoice-workbench\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": installed.read_text("entry_points.txt") or "",
    }
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:

        def add(inside: str, content: bytes) -> None:
            archive.writestr(inside, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            rows.writerow((inside, f"sha256={digest}", len(content)))

        program = Path(str(workbench.__file__)).parent.parent
        for root in (program / "workbench", program / "screens", program / "storage"):
            for path in sorted(root.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    add(f"{root.name}/{path.relative_to(root).as_posix()}", path.read_bytes())
        for inside, text in texts.items():
            add(inside, text.encode())
        rows.writerow((f"{info}/RECORD", "", ""))
        archive.writestr(f"{info}/RECORD", record.getvalue())
    return name


def ask(
    facts: TargetFacts, python: str, *arguments: str, kind: type[Answer], text: str = "", seconds: float = 120.0
) -> Answer:
    """What the agent on a target answers.

    Args:
        facts: of the target.
        python: there.
        arguments: of the agent.
        kind: of the answer.
        text: that it reads.
        seconds: so long is waited for it.

    Raises:
        LineBroken: the host cannot be reached.
        TargetProblem: it answers nothing that can be read.
    """
    answer = facts.line.run(agent_command(python, *arguments), text, seconds)
    try:
        return answers.read(answer.splitlines()[-1], kind)
    except (ValueError, IndexError) as error:
        raise TargetProblem(f"{facts.line.name} answers: {answer[-200:]!r}.", NO_CHATTER) from error


def agent_command(python: str, *arguments: str) -> str:
    return f"exec {shlex.join([python, '-P', '-m', 'workbench.remote.agent', *arguments])}"

"""A folder from which `docker build` makes a server: program, model, pinned packages, Dockerfile, clients."""

import json
import shutil
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from storage.exceptions import MissingTool
from storage.records import Run
from workbench import __version__
from workbench.runs import transfer
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

PACKAGES = ("workbench", "screens", "storage")
_ROOT = Path(__file__).resolve().parents[2]
_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SERVE = ("fastapi", "uvicorn", "python-multipart", "prometheus-client", "fastapi-offline", "starlette", "packaging")
"""The packages of the extra `serve`."""

_DOCKERFILE = """\
# The server of one model. Built by `docker build -t invoice-model .`; nothing is downloaded when it runs.
FROM python:{python}-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 \\
    ORT_DISABLE_TELEMETRY=1 HOME=/tmp PYTHONPATH=/srv/program
WORKDIR /srv

COPY requirements.txt ./
RUN pip install --no-cache-dir --extra-index-url {index} -r requirements.txt

COPY program ./program
COPY model ./model

# No write to the file system but for /tmp, where files that are sent are read and deleted.
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \\
    CMD ["python", "-P", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-P", "-m", "workbench.cli", "serve", "/srv/model", "--name", {name}, \\
    "--host", "0.0.0.0"]
CMD ["--token-file", "/run/secrets/token"]
"""

_COMPOSE = """\
services:
  model:
    build: .
    image: invoice-model
    read_only: true
    tmpfs:
      - /tmp:size=1g,mode=1777
    ports:
      - "127.0.0.1:8000:8000"
    secrets:
      - token
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped
    stop_grace_period: 40s
secrets:
  token:
    file: ./token.txt
"""

_README = """\
# {name}: a model that answers over HTTP

Made by invoice-workbench {version}. It needs Docker and nothing else of this machine.

    python3 -c "import secrets; print(secrets.token_urlsafe(32))" > token.txt
    docker compose up --build

Then http://127.0.0.1:8000/docs shows everything that it answers. Every request but /health and /docs needs the token.

## curl

    TOKEN=$(cat token.txt)
    curl -H "Authorization: Bearer $TOKEN" -F files=@invoice.pdf http://127.0.0.1:8000/predict
    curl -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
         -d '{{"inputs": "Invoice 2024-0117, total 1,190.00 EUR"}}' http://127.0.0.1:8000/predict

## Python

```python
import requests

token = open("token.txt").read().strip()
with open("invoice.pdf", "rb") as file:
    answer = requests.post(
        "http://127.0.0.1:8000/predict",
        files={{"files": file}},
        headers={{"Authorization": f"Bearer {{token}}"}},
        timeout=60,
    )
answer.raise_for_status()
for document in answer.json()["documents"]:
    print(document["document"], document["fields"] or document["class"])
```

## JavaScript (Node 20)

```javascript
import {{ readFile }} from "node:fs/promises";

const token = (await readFile("token.txt", "utf8")).trim();
const form = new FormData();
form.append("files", new Blob([await readFile("invoice.pdf")]), "invoice.pdf");
const answer = await fetch("http://127.0.0.1:8000/predict", {{
  method: "POST", body: form, headers: {{ Authorization: `Bearer ${{token}}` }},
}});
if (!answer.ok) throw new Error((await answer.json()).message);
const {{ documents }} = await answer.json();
for (const document of documents) console.log(document.document, document.fields ?? document.class);
```

## When it is full

429 has `Retry-After`: wait that long and send it again. 503 while it loads or stops: the same. Every error has `type`,
`message` and `remedy`. `docker stop` lets it answer what it has taken.
"""


def export(workspace: Workspace, run_id: str, target: Path) -> Path:
    """Make a folder with all that `docker build` needs to serve a run's model. Returns the folder.

    Raises:
        RunProblem: the run has no model.
        InputProblem: a file of the model is a link out of its folder.
        MissingTool: a package that a server needs is not installed here, so that its version is not known.
        WorkspaceProblem: the folder exists, or cannot be written.
        UsageProblem: it is in a workspace's own files.
    """
    run, source = transfer.with_model(workspace, run_id)
    target = transfer.free_folder(workspace, target)
    with transfer.appearing(target) as draft:
        draft.mkdir()
        _fill(draft, run, source)
    return target


def _fill(folder: Path, run: Run, source: RunFolder) -> None:
    name = run.name or run.id
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    texts = {
        "requirements.txt": "\n".join(pinned()) + "\n",
        "Dockerfile": _DOCKERFILE.format(python=python, index=_CPU_INDEX, name=json.dumps(name)),
        "compose.yaml": _COMPOSE,
        ".dockerignore": "token.txt\nREADME.md\ncompose.yaml\n",
        "README.md": _README.format(name=name, version=__version__),
    }
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    transfer.copy_model(run, source, folder / "model")
    unused = shutil.ignore_patterns("__pycache__", "*.pyc")
    for package in PACKAGES:
        shutil.copytree(_ROOT / package, folder / "program" / package, ignore=unused)
    for path in folder.rglob("*"):  # private here, but COPY keeps the modes, and the server runs as another user
        path.chmod(0o755 if path.is_dir() else 0o644)


def pinned() -> list[str]:
    """The packages of a server with the versions that are installed here, in alphabetical order.

    Raises:
        MissingTool: one of them is not installed.
    """
    versions: dict[str, str] = {}
    waiting = [*(entry for entry in requires("invoice-workbench") or [] if "extra ==" not in entry), *SERVE]
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        marker = requirement.marker
        if name in versions or not (marker is None or marker.evaluate({"extra": ""})):
            continue
        try:
            versions[name] = version(name).partition("+")[0]
            waiting += requires(name) or []
        except PackageNotFoundError as error:
            raise MissingTool(f"A server needs {name}, which is not installed here.", f"pip install {name}") from error
    return [f"{name}=={number}" for name, number in sorted(versions.items())]

"""Kill -9 at random moments: `python -m tests.support.kill_labelling FOLDER KILLS SEED` prints what was lost, as JSON.

A child labels as fast as it can and reports the document's version after each act; it is killed at a random moment.
Then the workspace is opened as any program would, and must hold every act that was reported. Every kill has a document
of its own; in the end all of them are looked at once more.
"""

import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

from storage import annotations, documents
from storage.records import Annotations
from tests.support import sample_documents
from workbench.annotation.session import AnnotationSession
from workbench.workspace import Workspace


def label(folder: Path, document: int, seed: int, say: int) -> None:
    chance = random.Random(seed)
    workspace = Workspace.open(folder)
    session = AnnotationSession.open(workspace, document)
    fields = workspace.schema.active
    while True:
        match chance.randrange(6):
            case 0 | 1 | 2:
                session.field_key.press(chance.choice(fields))
            case 3:
                session.document_acts.undo()
            case 4:
                session.document_acts.redo()
            case 5:
                session.document_acts.flag(str(chance.random()))
        os.write(say, f"{session.content.document.version}\n".encode())


def kept(workspace: Workspace, document: int, reported: int) -> bool:
    """Whether a document holds every act that was reported, and its log of events gives its state."""
    with workspace.db.read() as connection:
        content = documents.open_document(connection, document)
        events = annotations.history(connection, document)
    state = Annotations()
    for event in events:
        state = annotations.applied(state, event.change)
    return len(events) == content.document.version >= reported and state == content.annotations


def main(folder: Path, kills: int, seed: int) -> dict[str, int]:
    chance = random.Random(seed)
    page = sample_documents.page_of(sample_documents.RECEIPT)
    sample_documents.workspace_of(
        folder, [sample_documents.new(f"d{number}", [page]) for number in range(kills)]
    ).close()
    lost = 0
    reported = dict.fromkeys(range(1, kills + 1), 0)  # document -> the last version that was reported
    for document in reported:
        listen, say = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(listen)
            label(folder, document, seed * 10_000 + document, say)
        os.close(say)
        # Between or inside acts, whatever the machine's speed; now and then while the workspace is still being opened.
        printed, acts = b"", chance.randrange(12)
        while printed.count(b"\n") < acts and select.select([listen], [], [], 10.0)[0]:
            printed += os.read(listen, 1 << 16)
        time.sleep(chance.uniform(0.0, 0.02))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(listen) as heard:
            printed += heard.read().encode()
        reported[document] = max(
            (int(line) for line in printed.splitlines(keepends=True) if line.endswith(b"\n")), default=0
        )
        workspace = Workspace.open(folder)
        lost += not kept(workspace, document, reported[document])
        workspace.close()
    workspace = Workspace.open(folder)
    lost += sum(not kept(workspace, document, version) for document, version in reported.items())
    workspace.close()
    return {"kills": kills, "lost": lost, "reported": sum(reported.values())}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))

"""Kill -9 at random moments: `python killing.py FOLDER KILLS SEED` prints what was lost, as JSON.

A child labels as fast as it can and says the document's version after each act; it is killed at a random moment. Then
the workspace is opened as any program would, and must hold every act that was said.
"""

import json
import os
import random
import select
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import desks

from storage import annotations, documents
from storage.records import Annotations
from workbench.desk import Desk
from workbench.field_rows import judge
from workbench.hands import Hands
from workbench.workspace import Workspace


def label(folder: Path, seed: int, say: int) -> None:
    chance = random.Random(seed)
    workspace = Workspace.open(folder)
    hands = Hands(Desk(workspace, 1, judge(workspace.schema)), workspace.schema)
    fields = workspace.schema.active
    while True:
        match chance.randrange(6):
            case 0 | 1 | 2:
                hands.press(chance.choice(fields))
            case 3:
                hands.undo()
            case 4:
                hands.redo()
            case 5:
                hands.flag(str(chance.random()))
        os.write(say, f"{hands.content.document.version}\n".encode())


def main(folder: Path, kills: int, seed: int) -> dict[str, int]:
    chance = random.Random(seed)
    desks.workspace_of(folder, [desks.new("one", [desks.page_of(desks.RECEIPT)])]).close()
    lost = acts = said_in_all = 0
    for number in range(kills):
        listen, say = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(listen)
            label(folder, seed * 10_000 + number, say)
        os.close(say)
        # Mostly between or inside acts; now and then while the workspace is still being opened.
        first = b""
        if chance.random() < 0.9 and select.select([listen], [], [], 10.0)[0]:
            first = os.read(listen, 1 << 16)
        time.sleep(chance.uniform(0.0, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(listen) as heard:
            told = first.decode() + heard.read()
        said = [int(line) for line in told.splitlines(keepends=True) if line.endswith("\n")]
        workspace = Workspace.open(folder)
        with workspace.db.read() as connection:
            content = documents.open_document(connection, 1)
            events = annotations.history(connection, 1)
        workspace.close()
        state = Annotations()
        for event in events:
            state = annotations.applied(state, event.change)
        # Every act is one event and one version: what was said is there, and the state is what the log says.
        whole = len(events) == content.document.version and state == content.annotations
        lost += not whole or (bool(said) and said[-1] > content.document.version)
        acts = content.document.version
        said_in_all += len(said)
    return {"kills": kills, "lost": lost, "acts": acts, "said": said_in_all}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))

"""What is done on a target, called over ssh: `python -P -m workbench.remote.agent ACT`.

    version                        the program's version, a digest of its code, the time
    device                         torch's version, and the GPUs that it sees
    look FOLDER                    whether the run is there and at work, how long its events are
    check FOLDER < MANIFEST        the files that are missing or differ
    start FOLDER SLOTS             start or resume the run's process; it outlives the line
    attend FOLDER EVENTS LOG       events and log from these bytes on, until the run has ended; wishes come as lines
    results FOLDER                 the digests of what the run made
    remove FOLDER                  delete the run there
    end FOLDER                     kill the run, and delete it there

It answers in JSON lines. A folder lies in `runs/` of the target's path. Loads no torch.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import storage
import workbench
from storage import locks
from storage.files import digest_of, write_atomic
from workbench.runs import launcher, machine
from workbench.runs.launcher import AT_ONCE, READING
from workbench.runs.state import RunFolder

LOOK_SECONDS = 0.3
QUIET_SECONDS = 5.0
"""So often something is said while nothing happens: a line that is gone is noticed by writing to it."""
LOG_BYTES = 200_000
"""Of a log's end, at most so much travels at a time."""
LEFT_SECONDS = 86_400.0
_CHECKED = "checked"  # what was sent has arrived whole
SETTINGS = "settings"
"""The folder of the files that a run's settings name."""
GIVEN = ("request.yaml", "dataset", "base", SETTINGS)
"""What a run is sent with; it does not come back."""
STAYS = (
    *GIVEN,
    "checkpoints",
    "events.jsonl",
    "stderr.log",
    "lock",
    "waiting",
    "queued",
    "stop",
    "pause",
    "killed",
    "selections",
    _CHECKED,
)
"""What of a run's folder is not fetched as its result."""


def code_digest() -> str:
    """A digest of the program's modules: what is the same trains the same."""
    total = hashlib.sha256()
    for package in (storage, workbench):
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            total.update(f"{path.relative_to(root)}\n".encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:12]


def files_of(folder: Path, left: tuple[str, ...] = ()) -> Iterator[tuple[str, Path]]:
    """(path within the folder, file) of every file; names of `left` right inside it are passed over."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if relative.parts[0] not in left and path.is_file() and not path.is_symlink():
            yield relative.as_posix(), path


def _version(*_: str) -> None:
    _say(version=workbench.__version__, code=code_digest(), time=time.time())


def _device(*_: str) -> None:
    """Torch is loaded in a process that ends with it."""
    script = (
        "import json, torch; count = torch.cuda.device_count() if torch.cuda.is_available() else 0; "
        "print(json.dumps([torch.__version__, [torch.cuda.get_device_name(n) for n in range(count)]]))"
    )
    asked = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=False)
    version, devices = json.loads(asked.stdout.splitlines()[-1]) if asked.returncode == 0 else ("", [])
    _say(torch=version, devices=devices)


def _look(path: str) -> None:
    folder = RunFolder(Path(path))
    _sweep(folder.path.parent)
    working = folder.at_work()  # asked before the events are read, so that no last one is missed
    size = whole_lines(folder.events)
    is_there = folder.request.is_file() and (folder.path / _CHECKED).is_file()
    _say(there=is_there, working=working, events=size, time=time.time())


def _sweep(runs: Path) -> None:
    """Delete what was only read here and never taken back: the machine that asked for it was switched off."""
    for left in runs.glob(f"{READING}*"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > LEFT_SECONDS and not RunFolder(left).at_work():
                shutil.rmtree(left)


def _check(path: str) -> None:
    folder, wrong = Path(path), []
    for name, digest in json.load(sys.stdin).items():
        file = folder / name
        if not file.is_file() or digest_of(file) != digest:
            wrong.append(name)
    if not wrong:
        (folder / _CHECKED).touch()
    _say(wrong=wrong)


def _start(path: str, slots: str) -> None:
    folder = RunFolder(Path(path))
    if not folder.at_work():
        # the order in which runs wait is that of this machine's clock
        _share_cores(folder, int(slots))
        os.utime(folder.request, (0, 0) if int(slots) >= AT_ONCE else None)
    begun = launcher.begin([folder], int(slots))
    if begun is not None:
        os.close(begun[1][0])
    _say(started=begun is not None)  # else it is at work already


def _share_cores(folder: RunFolder, slots: int) -> None:
    """Give a run its share of this machine's cores: what it was sent with is that of the machine that it comes from."""
    if slots <= 1:
        return
    from workbench.runs.config.request import Request  # longer to load than all else, and this starts for every step

    request = Request.read(folder.path)
    if request.task == "train":
        threads = max(1, machine.cores() // (slots * request.config.train.processes))
        write_atomic(folder.request, request.model_copy(update={"threads": threads}).text())


def _attend(path: str, events_from: str, log_from: str) -> None:
    folder = RunFolder(Path(path))
    threading.Thread(target=_take_wishes, args=(folder,), daemon=True).start()
    position, log_position, last_message = int(events_from), int(log_from), 0.0
    while True:
        working = folder.at_work()
        lines, position = new_lines(folder.events, position)
        log, log_position = new_text(folder.log, log_position)
        is_training = locks.held(folder.lock)
        if lines or log or not working or time.monotonic() - last_message > QUIET_SECONDS:
            last_message = time.monotonic()
            _say(events=lines, log=log, log_at=log_position, training=is_training, ended=not working)
        if not working:
            return
        time.sleep(LOOK_SECONDS)


def whole_lines(path: Path) -> int:
    """The byte after the last complete line: a worker whose disk was full has left half a line."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - LOG_BYTES)
            file.seek(start)
            return start + file.read().rfind(b"\n") + 1
    except FileNotFoundError:
        return 0


def new_lines(path: Path, position: int) -> tuple[list[tuple[int, str]], int]:
    """(byte after it, line) of the complete lines after a byte."""
    try:
        with path.open("rb") as file:
            file.seek(position)
            data = file.read()
    except FileNotFoundError:
        return [], position
    lines = []
    for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
        position += len(line)
        lines.append((position, line.decode(errors="replace").strip()))
    return lines, position


def new_text(path: Path, position: int) -> tuple[str, int]:
    """(text after a byte, but no more than its end, the byte that it ends at)."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            file.seek(max(position, size - LOG_BYTES))
            return file.read().decode(errors="replace"), size
    except FileNotFoundError:
        return "", position


def _take_wishes(folder: RunFolder) -> None:
    """Lines "stop", "pause", "unpause", "kill" until the line ends; then this process does, too."""
    for line in sys.stdin:
        match line.strip():
            case "stop":
                folder.pause.unlink(missing_ok=True)
                if not folder.withdraw():
                    folder.stop.touch()
            case "pause":
                folder.pause.touch()
            case "unpause":
                folder.pause.unlink(missing_ok=True)
            case "kill":
                _kill(folder)
    os._exit(0)


def _kill(folder: RunFolder) -> None:
    folder.killed.touch()
    if folder.at_work():
        folder.kill()


def _results(path: str) -> None:
    files = dict(files_of(Path(path), STAYS))
    _say(
        files={name: digest_of(file) for name, file in files.items()},
        bytes=sum(file.stat().st_size for file in files.values()),
    )


def _remove(path: str) -> None:
    folder = Path(path)
    if folder.parent.name == "runs" and not RunFolder(folder).at_work():
        shutil.rmtree(folder, ignore_errors=True)
    _say(removed=not folder.exists())


def _end(path: str) -> None:
    folder = RunFolder(Path(path))
    if folder.path.is_dir():
        _kill(folder)
    until = time.monotonic() + QUIET_SECONDS
    while folder.at_work() and time.monotonic() < until:
        time.sleep(0.1)
    _remove(path)


def _say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


_ACTS: dict[str, Callable[..., None]] = {
    "version": _version,
    "device": _device,
    "look": _look,
    "check": _check,
    "start": _start,
    "attend": _attend,
    "results": _results,
    "remove": _remove,
    "end": _end,
}


def main(arguments: list[str]) -> int:
    """Do what is asked; errors go to the standard error, where the other side reads the last line."""
    _ACTS[arguments[0]](*arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

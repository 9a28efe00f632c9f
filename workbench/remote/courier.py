"""The process that stands here for a run on another machine: `python -P -m workbench.remote.courier RUN_DIR SLOTS`.

It holds the run's locks as a worker does, so that every screen sees an ordinary run: it sends the folder, has the run
started there, writes its events and its log into the folder here, passes wishes on, and fetches and verifies the
results before the last event is written. Where it is killed, the run there goes on; `resume` follows it again.
"""

import json
import os
import queue
import re
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeVar

from msgspec import Struct

from storage import events, locks
from storage.exceptions import InputProblem, WorkbenchError
from storage.files import digest_of
from workbench import __version__, lifeline
from workbench.files import small_files
from workbench.remote import agent, answers, check, environment, ray_courier, results, sending
from workbench.remote.answers import MOST_HEARD_BYTES, Answer
from workbench.remote.check import TargetFacts
from workbench.remote.line import LineBroken, Most, TargetProblem
from workbench.runs import progress
from workbench.runs.config.request import Request
from workbench.runs.state import RunFolder
from workbench.settings import Target

FIRST_TRIES = 3
"""How often a host is tried before a run that is not there yet fails."""
LONGEST_WAIT = 30.0
"""Seconds between two tries while a run is there and its line is broken."""
KILL_SECONDS = 20.0
"""So long is tried to end a run there; then it is left."""
FULL_GB = 0.01
"""A disk with less space takes neither a checkpoint nor what a worker has to say of that."""
SKEW_SECONDS = 2.0
"""A clock that differs by less is taken for right."""
_AHEAD = 4  # messages that wait to be written here
_HERE = "remote"  # in an event: the byte after it in the events there


T = TypeVar("T")


class _Ended(Exception):
    """On request, before there was anything to be followed."""


_AGAIN = "Clone the run, and start it again on its machine."


class _Record(Struct):
    """What target.json says: the machine, the folder within its runs, and whether nothing of it stays there."""

    address: str
    folder: str
    python: str = ""
    name: str = ""
    gpus: float | None = None
    once: bool = False


class Courier:
    """Brings one run to its target and back.

    Args:
        path: the run's folder.
        slots: how many runs may work there at a time.
    """

    def __init__(self, path: Path, slots: int) -> None:
        self.folder, self.slots = RunFolder(path), slots
        record = small_files.read(self.folder.target, _Record, _AGAIN)
        self.target = Target(record.address, record.python, record.name, record.gpus)
        self.place, self.once = record.folder, record.once
        if not re.fullmatch(r"\w[\w.-]*", self.place):
            raise InputProblem(f"{self.folder.target} is damaged: {self.place[:80]!r} is no folder of a run.", _AGAIN)
        self.writer = events.EventWriter(self.folder.events)
        self.skew = 0.0
        self.gpus: tuple[str, ...] = ()  # of the target
        self._lock: int | None = None
        self._heard = 0  # bytes

    # the whole way

    def go(self) -> None:
        """Bring the run there, follow it, and bring it back."""
        facts, python = self._reached()
        self.gpus = facts.gpus
        remote = f"{facts.root}/runs/{self.place}"
        try:
            self._take(facts, python, remote)
        except _Ended:
            if self.once or not self._position():  # nothing of it is to be gone on with
                with suppress(WorkbenchError):
                    environment.ask(facts, python, "end", remote, kind=answers.Done)
            raise

    def _take(self, facts: TargetFacts, python: str, remote: str) -> None:
        look = self._ask(facts, python, "look", remote, kind=answers.Look)
        self._set_clock(facts, look.time)
        if not look.there:
            self._bring(facts, python, remote)
        if not look.working and look.events <= self._position():
            self._ask(facts, python, "start", remote, str(self.slots), kind=answers.Done)
        last = self._follow(facts, python, remote)
        if last is not None:
            self._fetch(facts, python, remote)
            self._write(*last)
        # one that was stopped may be resumed: its checkpoints are there
        if self.once or (last is not None and last[1].get("state") == "finished"):
            with suppress(WorkbenchError):
                self._ask(facts, python, "remove", remote, kind=answers.Done)

    def note(self, message: str) -> None:
        """Tell the screens something."""
        self.writer.write("note", message=message)

    def _reached(self) -> tuple[TargetFacts, str]:
        """Facts of the target and its Python, which is made where it is missing."""
        return self._patiently(self._reach)

    def _reach(self) -> tuple[TargetFacts, str]:
        name = self.target.name or self.target.address
        facts = check.checked(self.target)
        python = environment.python_of(self.target, facts)
        if not python:
            self.note(f"{name}: the environment of version {__version__} is made there, once; it takes minutes.")
            python = environment.make(facts)
        version = environment.ask(facts, python, "version", kind=answers.Version).version
        if version != __version__:
            raise TargetProblem(f"{name} has version {version[:100]}, here is {__version__}.",
                                "Install the same version there.")  # fmt: skip
        return facts, python

    def _ask(self, facts: TargetFacts, python: str, *arguments: str, kind: type[Answer], text: str = "") -> Answer:
        """An answer of the agent, however often the line breaks."""
        return self._patiently(lambda: environment.ask(facts, python, *arguments, kind=kind, text=text, seconds=600.0))

    def _patiently(self, act: Callable[[], T]) -> T:
        """What an act gives, tried again while the line breaks: for a run that is not there yet `FIRST_TRIES` times."""
        attempt = 0
        while True:
            self._end_if_asked()
            attempt += 1
            try:
                return act()
            except LineBroken as problem:
                if attempt >= FIRST_TRIES and not self._position():
                    raise
                if attempt == 1:
                    self.note(f"{problem.message} It is tried again.")
                self._rest(min(LONGEST_WAIT, 2.0 ** min(attempt, 5)))

    def _rest(self, seconds: float) -> None:
        """Wait, with an eye on what is asked for."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._end_if_asked()
            time.sleep(0.2)

    def _end_if_asked(self) -> None:
        """A run that is not there yet ends here; one that is there is asked to by `_follow`, if its host is reached."""
        if self.folder.killed.exists():
            asked = time.time() - self.folder.killed.stat().st_mtime
            if not self._position() or asked > KILL_SECONDS:
                raise _Ended
        elif self.folder.stop.exists() and not self._position():
            raise _Ended

    def _set_clock(self, facts: TargetFacts, there: float) -> None:
        skew = time.time() - there
        self.skew = skew if abs(skew) > SKEW_SECONDS else 0.0
        if self.skew and not self._position():
            way = "behind" if skew > 0 else "ahead"
            self.note(f"The clock of {facts.line.name} is {abs(skew):.0f} s {way}; times are those of the clock here.")

    def _position(self) -> int:
        """How far the events there are known here: it stands in the events, so that both are written in one step."""
        known = (int(event[_HERE]) for event in events.iterate(self.folder.events) if _HERE in event)
        return next(iter(deque(known, maxlen=1)), 0)

    # there

    def _bring(self, facts: TargetFacts, python: str, remote: str) -> None:
        """Send the run's folder, and see that it came whole.

        Raises:
            TargetProblem: it did not, or does not fit.
        """
        with sending.staged(self.folder, remote) as (staged, files):
            size = sum(path.stat().st_size for path in files.values())
            if size / 1e9 + 0.2 > facts.free_gb:
                free = f"{facts.free_gb:.1f} GB are free on {facts.line.name}"
                raise TargetProblem(f"The run has {size / 1e9:.1f} GB, and {free}.", "Free some space there.")
            going = f"{max(0.1, size / 1e6):,.1f} MB go to {facts.line.name}."
            self.writer.write("note", message=going, **{_HERE: 0})  # nothing has happened there yet, or it is gone
            self._patiently(lambda: facts.line.send(staged, remote, rsync=facts.rsync))
            digests = {name: digest_of(path) for name, path in files.items()}
        wrong = self._ask(facts, python, "check", remote, kind=answers.Check, text=json.dumps(digests)).wrong
        if wrong:
            raise TargetProblem(f"{', '.join(wrong[:3])} did not come whole to {facts.line.name}.", "Resume the run.")

    def _follow(self, facts: TargetFacts, python: str, remote: str) -> tuple[str, dict[str, Any], int] | None:
        """Write what happens there into the folder here until the run has ended; its event `finished`, unwritten."""
        attempt = log_at = 0
        while True:
            begin = self._position()
            command = environment.agent_command(python, "attend", remote, str(begin), str(log_at))
            with subprocess.Popen(
                facts.line.command(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as child:
                try:
                    outcome, finished, log_at, heard = self._attend(child, log_at)
                finally:
                    child.kill()
            if outcome:
                if finished is None:
                    self._end_as_there(facts)
                return finished
            attempt = 1 if heard else attempt + 1
            if attempt == 2:
                self.note(f"The line to {facts.line.name} is broken; the run goes on there, and it is tried again.")
            self._rest(min(LONGEST_WAIT, 2.0 ** min(attempt, 5) / 2))

    def _attend(
        self, child: "subprocess.Popen[bytes]", log_at: int
    ) -> tuple[bool, tuple[str, dict[str, Any], int] | None, int, bool]:
        """(whether the run has ended, its event `finished`, how far its log is here, whether there was an answer)."""
        messages: queue.Queue[bytes] = queue.Queue(_AHEAD)
        assert child.stdin is not None and child.stdout is not None
        threading.Thread(target=_read, args=(child.stdout, messages), daemon=True).start()
        asked: dict[str, bool] = {"stop": False, "pause": False, "kill": False}
        finished: tuple[str, dict[str, Any], int] | None = None
        heard = False
        while True:
            self._end_if_asked()
            self._hand_on(child, asked)
            try:
                line = messages.get(timeout=0.2)
            except queue.Empty:
                continue
            if not line:  # the line broke
                return False, None, log_at, heard
            self._refuse_endless(len(line))
            try:
                message = answers.read(line, answers.Heard)
            except ValueError:  # what a shell prints at its start
                continue
            heard = True
            if message.training and self._lock is None:
                self._lock = locks.acquire(self.folder.lock)
            for position, text in message.events:
                event = answers.event(text)
                if event is None:
                    continue
                name = event.pop("type")
                if name == "finished":
                    finished = (name, event, position)
                else:
                    finished = None if name == "queued" else finished
                    self._write(name, event, position)
            if message.log:
                with self.folder.log.open("a", encoding="utf-8") as log:
                    log.write(message.log)
            log_at = message.log_at
            if message.ended:
                return True, finished, log_at, True

    def _refuse_endless(self, size: int) -> None:
        """See that what came from there so far is what a run says, and does not fill the disk here.

        Raises:
            TargetProblem: it is more.
        """
        self._heard += size
        if self._heard > MOST_HEARD_BYTES:
            name = self.target.name or self.target.address
            raise TargetProblem(f"{name} sends events or log without end.", "Look at the run's folder there.")

    def _hand_on(self, child: "subprocess.Popen[bytes]", asked: dict[str, bool]) -> None:
        """Tell the agent what is asked of the run now and was not before."""
        folder = self.folder
        now = {"stop": folder.stop.exists(), "pause": folder.pause.exists(), "kill": folder.killed.exists()}
        for name, wish in now.items():
            if wish != asked[name]:
                asked[name] = wish
                if wish or name == "pause":
                    with suppress(OSError):  # the line broke: the next one is told
                        assert child.stdin is not None
                        child.stdin.write(f"{name if wish else 'unpause'}\n".encode())
                        child.stdin.flush()

    def _write(self, name: str, event: Mapping[str, Any], position: int) -> None:
        """Write an event of there with the time that the clock here had."""
        facts = {key: value for key, value in event.items() if key != "time"}
        if isinstance(moment := event.get("time"), int | float) and 0 <= moment <= answers.LATEST:
            facts["time"] = moment + self.skew
        if name == "failed" and facts.get("message"):  # else its full disk is taken for the one here
            facts["message"] = f"On {self.target.name or self.target.address}: {facts['message']}"
        self.writer.write(name, **{**facts, _HERE: position})
        if name == "started" and self.gpus and event.get("device") == "cpu" and self._takes_any_device():
            self.note("The GPU there is not used: its driver is too old for torch, or torch there is a CPU build.")

    def _takes_any_device(self) -> bool:
        return Request.read(self.folder.path).config.train.device == "auto"

    def _end_as_there(self, facts: TargetFacts) -> None:
        """It ended there without results: killed, failed or crashed, which events and log say.

        Raises:
            TargetProblem: they do not say it, as there was no space for them.
        """
        if self.folder.killed.exists() or progress.of(self.folder.path).failed:
            return
        with suppress(LineBroken):
            if check.look(self.target).free_gb < FULL_GB:
                raise TargetProblem(
                    f"{facts.line.name} has no space left in {facts.root}: the run ended there.",
                    "Free some space there, then resume the run: it goes on from its last checkpoint.",
                )
        if self.folder.stop.exists():  # it was stopped while it waited
            self.folder.killed.touch()

    # back

    def _fetch(self, facts: TargetFacts, python: str, remote: str) -> None:
        """Bring what the run made into the folder here: verified before anything is put in its place.

        Raises:
            TargetProblem, InputProblem: it did not come whole, or is none that a run makes.
        """
        arrived = self.folder.path / results.ARRIVED
        made = self._ask(facts, python, "results", remote, kind=answers.Results)
        most = Most(len(made.files), made.bytes)
        try:
            self._patiently(lambda: facts.line.fetch(remote, arrived, agent.STAYS, most, rsync=facts.rsync))
        except TargetProblem as problem:
            if not isinstance(problem, LineBroken):  # then what came stays, and is not sent again
                rmtree(arrived, ignore_errors=True)
            raise
        results.put_in_place(self.folder, arrived, made.files, facts.line.name)


def _read(stream: Any, messages: "queue.Queue[bytes]") -> None:
    with suppress(OSError, ValueError):
        while line := stream.readline(answers.MOST_BYTES):
            messages.put(line)
    messages.put(b"")


def main(arguments: list[str]) -> int:
    """Bring a run to its target and back; the exit code is 0 when that worked."""
    lifeline.hold()
    folder, slots = RunFolder(Path(arguments[0]).absolute()), max(1, int(arguments[1]))
    try:
        courier = Courier(folder.path, slots)
        if courier.target.is_ray:
            ray_courier.carry_out(courier.folder, courier.target, slots)
        else:
            courier.go()
    except _Ended:
        folder.killed.touch()
    except WorkbenchError as problem:
        with events.EventWriter(folder.events) as writer:
            writer.write("failed", title=problem.title, message=problem.message, remedy=problem.remedy)
        traceback.print_exc()
        return problem.exit_code
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # a thread that reads from a line that is gone does not keep it

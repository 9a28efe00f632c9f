"""What a server answers where it cannot predict: a status, and `type`, `message` and `remedy`."""

import math
import re

from storage.exceptions import WorkbenchError

_FOLDERS = re.compile(r"(?<![\w:/])/(?:[^\s/:'\"“”]+/)+")


class ServingProblem(WorkbenchError):
    """An error that is answered to a request.

    Args:
        status: of HTTP.
        kind: the `type` of the answer, stable for programs.
        message: what is wrong.
        remedy: what the caller can do.
        retry_after: seconds, where trying again helps.
    """

    title = "The request cannot be answered"

    def __init__(self, status: int, kind: str, message: str, remedy: str = "", retry_after: int | None = None) -> None:
        super().__init__(message, remedy)
        self.document = ""  # the name of the one that it is about, of several
        self.status, self.kind, self.retry_after = status, kind, retry_after

    def body(self, request: str = "") -> dict[str, str]:
        """The answer, without any folder of this machine."""
        return {
            "type": self.kind, "message": without_folders(self.message), "remedy": without_folders(self.remedy),
            "request_id": request,
        }  # fmt: skip


def without_folders(text: str) -> str:
    """A message without the folders of absolute paths."""
    return _FOLDERS.sub("", text)


def empty(what: str = "Nothing was sent to be read.") -> ServingProblem:
    return ServingProblem(400, "empty", what, "Send a text, words with boxes, or a file.")


def cut_off() -> ServingProblem:
    """Of a client that went away amid its request: it is counted, and not logged as a fault."""
    return ServingProblem(400, "cut_off", "The request ended before all of it was sent.", "Send it again.")


def too_large(message: str, remedy: str = "Send less at once.") -> ServingProblem:
    return ServingProblem(413, "too_large", message, remedy)


def unknown_kind(message: str, remedy: str) -> ServingProblem:
    return ServingProblem(415, "unknown_kind", message, remedy)


def unreadable(message: str, remedy: str = "Correct the document, or send another.") -> ServingProblem:
    return ServingProblem(422, "unreadable", message, remedy)


def invalid(message: str) -> ServingProblem:
    return ServingProblem(422, "invalid_request", message, "/docs shows what can be sent, with examples.")


def model_failed() -> ServingProblem:
    return ServingProblem(
        424, "model_failed", "The model could not read this document.", "Send it once more; the server's log says why."
    )


def no_space() -> ServingProblem:
    """What was sent, or what is made of it, cannot be written: the folder for temporary files is full, or gone."""
    return ServingProblem(
        503, "no_space", "The server cannot write what was sent to its disk.",
        "Send it later; the server's log says why.", 30,
    )  # fmt: skip


def overloaded(seconds: float) -> ServingProblem:
    """More waits than can be answered in time.

    Args:
        seconds: after which what waits now will have been read.
    """
    retry_after = min(60, max(1, math.ceil(seconds)))
    return ServingProblem(
        429, "overloaded", "More documents wait than this server can read in time.",
        f"Send it again after {retry_after} s.", retry_after,
    )  # fmt: skip


def loading() -> ServingProblem:
    return ServingProblem(503, "loading", "The model is being loaded.", "Send it again in a few seconds.", 5)


def draining() -> ServingProblem:
    return ServingProblem(503, "draining", "The server is about to stop.", "Send it to another one, or later.", 5)


def timed_out(seconds: float) -> ServingProblem:
    return ServingProblem(
        503, "timeout", f"It took longer than {seconds:.0f} s.", "Send fewer pages at once, or send it later.", 5
    )

"""What a terminal and its learner send each other: messages of MessagePack, each behind its length in four bytes."""

from collections.abc import Iterator
from typing import BinaryIO, TypeVar

import msgspec

OTHER_LEARNER = 75
"""Exit code of a learner: another terminal has one."""
_LENGTH_BYTES = 4
_MOST_BYTES = 1 << 20


class Look(msgspec.Struct, frozen=True):
    """A document was opened, perhaps after another was accepted.

    Attributes:
        document: in view, whose suggestions stay as they are; None: none.
        following: the documents that probably come next, in their order.
        keys: document -> how many keys were pressed while it was open, of the latest ones.
    """

    document: int | None = None
    following: list[int] = []
    keys: dict[int, int] = {}


class Note(msgspec.Struct, frozen=True):
    """From the learner: a line for the analyst."""

    text: str


Message = TypeVar("Message", Look, Note)


def write(stream: BinaryIO, message: Look | Note) -> None:
    """Send a message.

    Raises:
        OSError: the other process has ended.
    """
    content = msgspec.msgpack.encode(message)
    stream.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    stream.flush()


def read_all(stream: BinaryIO, kind: type[Message]) -> Iterator[Message]:
    """The messages of a kind until the other process has ended, or sends something else."""
    while len(head := stream.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        length = int.from_bytes(head, "big")
        if length > _MOST_BYTES or len(content := stream.read(length)) < length:
            return
        try:
            yield msgspec.msgpack.decode(content, type=kind)
        except msgspec.DecodeError:
            return

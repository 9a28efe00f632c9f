"""What a terminal sends to the learner: messages of MessagePack, each behind its length in four bytes."""

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

_LENGTH_BYTES = 4
_MOST_BYTES = 1 << 20


class Look(msgspec.Struct, frozen=True):
    """A document was opened, perhaps after another was accepted.

    Attributes:
        document: in view, whose suggestions stay as they are; None: none.
        following: the documents that probably come next, in their order.
    """

    document: int | None = None
    following: list[int] = []


def write(stream: BinaryIO, message: Look) -> None:
    """Send a message.

    Raises:
        OSError: the other process has ended.
    """
    content = msgspec.msgpack.encode(message)
    stream.write(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    stream.flush()


def read_all(stream: BinaryIO) -> Iterator[Look]:
    """The messages until the other process has ended, or sends something else."""
    while len(head := stream.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        length = int.from_bytes(head, "big")
        if length > _MOST_BYTES or len(content := stream.read(length)) < length:
            return
        try:
            yield msgspec.msgpack.decode(content, type=Look)
        except msgspec.DecodeError:
            return

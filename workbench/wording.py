"""Words that depend on a number, as messages need them. Pure."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 run", "2 runs", "1,200 documents".

    Args:
        plural: of the noun; by default the noun with an s.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"

"""The two lines at the foot of every screen: what the next key does, and what is open."""

import re
from functools import partial

from textual.content import Content
from textual.widget import Widget

from screens.keys import lost as lost_keys
from screens.modes import Mode

_KEPT, _LONGEST = (20, 12), 16  # characters of a value in quotes, and of a word: a document's name
_LONG, _SAYS_AGAIN = re.compile(r"\S{18,}"), re.compile(r"\b[Pp]ress again|; again\b")
_QUOTED, _BRACKETS, _PART = re.compile("“([^”]*)”"), re.compile(r" \([^()]*\)"), re.compile(r"(?<=[.;]) ")
_FIRST = 3  # pairs that come before the key of the commands
_NAMES_FIT = 98  # columns within the padding: the screens' names take half of them

Hint = tuple[str, tuple[tuple[str, str], ...]]
"""A sentence (may be "") and (binding id or key, what it does) pairs, the most useful first."""


def key_part(key: str, no_color: bool, style: str = "bold $accent") -> tuple[str, str]:
    """A key in a line of text, and its style: in brackets where there are no colours (NO_COLOR)."""
    return (f"[{key}]", "bold") if no_color else (key, style)


def in_columns(sentence: str, most: int) -> str:
    """A sentence in so many columns, by whole words: values in quotes lose their middle first, then goes what stands in
    brackets, then the middle of long words, then what follows the first part, then its last words.
    """
    forms = [sentence]
    forms += [_QUOTED.sub(partial(_middle, kept), sentence) for kept in _KEPT]
    forms.append(_BRACKETS.sub("", forms[-1]))
    forms.append(_LONG.sub(lambda word: _shortened(word[0], _LONGEST), forms[-1]))
    parts = _PART.split(forms[-1])
    forms += [f"{' '.join(parts[:count]).rstrip(';')}".rstrip(".") + "." for count in range(len(parts) - 1, 0, -1)]
    words = forms[-1].split()
    forms += [f"{' '.join(words[:count])} …" for count in range(len(words) - 1, 0, -1)]
    whole = (form for form in forms if form.count("“") == form.count("”"))
    return next((form for form in whole if Content(form).cell_length <= most), forms[-1])


def _middle(kept: int, quoted: re.Match[str]) -> str:
    return f"“{_shortened(quoted[1], kept)}”"


def _shortened(text: str, kept: int) -> str:
    end = kept // 2
    return text if len(text) <= kept else f"{text[: kept - 1 - end]}…{text[-end:]}"


class HintLine(Widget):
    """Says what the next key will do. One line, always there.

    Content is `key text` pairs, the most useful first; those that do not fit any more are left out. Of several in a
    row with the same keys the later ones are shorter forms, for where the first does not fit with what follows. The key
    of help stands at the right edge, however little space there is, and beside it the key of the commands, where it is
    given and takes no space that a sentence and the first pairs need.
    """

    DEFAULT_CSS = "HintLine { height: 1; background: $surface; color: $foreground; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._lead = ""
        self._pairs: tuple[tuple[str, str], ...] = ()
        self._everywhere = ""

    def show(self, lead: str, *pairs: tuple[str, str], everywhere: str = "") -> None:
        """Show a sentence (may be "") and then (key, what it does) pairs; `everywhere` is the key of the commands."""
        if (lead, pairs, everywhere) != (self._lead, self._pairs, self._everywhere):
            self._lead, self._pairs, self._everywhere = lead, pairs, everywhere
            self.refresh()

    def render(self) -> Content:
        plain = self.app.no_color
        help_pair = Content.assemble("  ", key_part("?", plain), " keys")
        width = self.content_region.width
        lead = [Content(self._lead)] if self._lead else []
        pairs = [Content.assemble(key_part(key, plain), " ", text) for key, text in self._pairs]
        if lead and pairs and not _SAYS_AGAIN.search(self._lead):  # else the sentence names the key that goes on
            first = [
                pair.cell_length for (key, _), pair in zip(self._pairs, pairs, strict=True) if key == self._pairs[0][0]
            ]
            lead = [Content(in_columns(self._lead, width - help_pair.cell_length - min(first) - 2))]
        space = width - sum(part.cell_length for part in lead)
        shown = self._fitting(pairs, space - help_pair.cell_length, bool(lead))
        if self._everywhere:
            both = Content.assemble("  ", key_part(self._everywhere, plain), " commands", help_pair)
            beside = self._fitting(pairs, space - both.cell_length, bool(lead))
            if not lead or (
                beside[:1] == shown[:1] and beside[:_FIRST] == shown[:_FIRST] and space >= both.cell_length
            ):
                help_pair, shown = both, beside
        parts = [*lead, *(pairs[place] for place in shown)]
        left = width - help_pair.cell_length - Content("  ").join(parts).cell_length
        if left < 0:  # the sentence is cut, the key of the help is not
            parts, left = [parts[0].truncate(max(width - help_pair.cell_length, 0), ellipsis=True)], 0
        return Content("").join([Content("  ").join(parts), Content(" " * left), help_pair])

    def _fitting(self, pairs: list[Content], left: int, has_lead: bool) -> list[int]:
        """The places of the pairs that so many cells have space for, each whole, the first ones first."""
        keys = [key for key, _ in self._pairs]
        shown: list[int] = []
        for place, pair in enumerate(pairs):
            is_long_form = keys[place : place + 1] == keys[place + 1 : place + 2]
            others = (n for n in range(place + 1, len(pairs)) if keys[n] != keys[place])
            needed = sum(pairs[n].cell_length + 2 for n in list(others)[:1]) if is_long_form else 0
            gap = 2 * bool(shown or has_lead)
            if keys[place] not in [keys[n] for n in shown[-1:]] and pair.cell_length + gap + needed <= left:
                left -= pair.cell_length + gap
                shown.append(place)
        return shown


class StatusLine(Widget):
    """The modes, then the screen's facts, then the workspace's: progress, saved state, a running training."""

    DEFAULT_CSS = "StatusLine { height: 1; background: $panel; color: $text-muted; padding: 0 1; }"

    def __init__(self, modes: tuple[Mode, ...], current: str, everywhere: str = ":") -> None:
        """`everywhere` is the key of the commands, shown for a mode whose key does not arrive in this terminal."""
        super().__init__()
        self._modes, self._current, self._everywhere = modes, current, everywhere
        self._lost = lost_keys()
        self._facts: tuple[str, ...] = ()
        self._common: tuple[str, ...] = ()

    def show(self, facts: tuple[str, ...], common: tuple[str, ...], modes: tuple[Mode, ...] = ()) -> None:
        """Show the screen's facts and the application's, the most important first; `modes`: those named now."""
        if (facts, common, modes or self._modes) != (self._facts, self._common, self._modes):
            self._facts, self._common, self._modes = facts, common, modes or self._modes
            self.refresh()

    def render(self) -> Content:
        """Facts from the left, screens on the right: by name, all of them from 100 columns on, else at least this one.

        Where there is less space, the facts of least weight are left out whole: the workspace's own from the last, then
        the screen's from the last. What is saved and what is trained stays, and the screen's first.
        """
        width = self.content_region.width
        wanted = (len(self._modes),) if width >= _NAMES_FIT else (len(self._modes), 1)
        saved, training, *others = [*self._common, "", ""]
        facts = [fact for fact in self._facts if fact]
        kept, droppable = [part for part in (saved, training) if part], [part for part in others if part]
        while True:
            for named in wanted:
                modes = self._mode_keys(named)
                text = Content(" · ".join([*facts, *kept, *droppable]))
                gap = width - text.cell_length - modes.cell_length
                if gap >= 2:
                    return Content.assemble(text, " " * gap, modes)
            if droppable:
                droppable.pop()
            elif len(facts) > 1:
                facts.pop()
            else:
                text = text.truncate(max(width - modes.cell_length - 2, 0), ellipsis=True)
                gap = max(width - text.cell_length - modes.cell_length, 0)
                return Content.assemble(text, " " * gap, modes)

    def _mode_keys(self, named: int) -> Content:
        """The modes' keys, this screen's marked; so many with their names, this screen first."""

        def label(mode: Mode) -> Content:
            here = mode.id == self._current
            shown = self._everywhere if mode.key in self._lost else mode.key.upper()
            key = key_part(shown, self.app.no_color, "bold $foreground" if here and not named else "bold $accent")
            if named > 1 or (named and here):
                return Content.assemble(key, " ", (mode.title, "bold $foreground" if here else ""))
            return Content.assemble(key)

        # without names, one key of the commands stands for all modes that it leads to
        lost = [mode for mode in self._modes if mode.key in self._lost and mode.id != self._current]
        modes = [mode for mode in self._modes if named > 1 or mode not in lost[1:]]
        return Content("  ").join(label(mode) for mode in modes)

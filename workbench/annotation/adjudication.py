"""What second opinions say: how far they agree with the labels, where they differ, and who is right there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from storage import annotations, documents, opinions
from storage.exceptions import UsageProblem
from storage.records import Annotations, Content, Opinion, Span, State
from workbench.annotation import acts, agreement, field_states
from workbench.annotation.agreement import Agreement, ClassDisagreement, ClassifiedTwice, Disagreement, LabelledTwice
from workbench.annotation.classes import states
from workbench.annotation.editor import DocumentEditor
from workbench.fields import Field
from workbench.workspace import Workspace

_SHOWN = 60
"""Words of a text that a dispute shows."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """A finished opinion that differs from the document's labels; `first` in a difference is the label."""

    document: int
    name: str
    opinion: Opinion
    annotators: tuple[str, ...]  # whose labels the document has
    differences: tuple[Disagreement | ClassDisagreement, ...]
    words: Mapping[tuple[int, ...], str]  # what stands at the places that differ
    text: str = ""  # the document's first words, where it is a text that stands on no page

    @property
    def same_person(self) -> bool:
        """Whether an annotator disagrees with an earlier opinion of the same annotator."""
        return self.annotators == (self.opinion.annotator,)

    def answers(self, difference: Disagreement | ClassDisagreement) -> tuple[str, str]:
        """What the label is and what the opinion says: words of the document or options; "" where there is none."""
        if isinstance(difference, ClassDisagreement):
            first, second = (_options(options) for options in (difference.first, difference.second))
        else:
            first, second = (self.words[place] if place else "" for place in (difference.first, difference.second))
        return first, second


@dataclass(frozen=True, slots=True)
class Decided:
    """A dispute that was decided, so that it can be taken back."""

    dispute: Dispute
    version: int | None  # the document's, where the opinion became its label


def look(workspace: Workspace, round_id: int | None = None) -> tuple[dict[tuple[str, str], Agreement], list[Dispute]]:
    """Of the finished opinions (of one round, or all), how far they agree with the labels, and what is disputed.

    Agreement is by (labels' annotator, opinion's annotator), against the labels that stood when the opinion was given:
    a dispute that is decided changes no agreement afterwards. A pair of the same name is that annotator's consistency.
    Disputes are about the labels of now, without those that were settled, the oldest first.
    """
    pairs: dict[tuple[str, str], list[LabelledTwice]] = {}
    disputes = []
    with workspace.db.read() as connection:
        for compared in _compared(connection, opinions.listed(connection, round_id)):
            key = (" + ".join(_people(compared.labels)), compared.opinion.annotator)
            pairs.setdefault(key, []).append(_twice(workspace, compared))
            if (dispute := _dispute(workspace, compared)) is not None:
                disputes.append(dispute)
    return {key: agreement.measure(listed) for key, listed in pairs.items()}, disputes


def decide(workspace: Workspace, dispute: Dispute, take: bool) -> Decided:
    """Decide a dispute: with `take` the opinion becomes the label, as one act of the document; else labels stay.

    Raises:
        UsageProblem: it is not what is disputed any more.
        Conflict: the document was changed in between.
    """
    opinion = dispute.opinion
    with workspace.db.read() as connection:
        kept = opinions.get(connection, dispute.document, opinion.annotator, opinion.round)
        disputes = [_dispute(workspace, c) for c in _compared(connection, [kept] if kept.done else [])]
    if disputes != [dispute]:
        raise UsageProblem(f"{dispute.name} was decided or labelled anew elsewhere.", "The list shows what is left.")
    version = None
    if take:
        editor = _editor(workspace, dispute)
        editor.act("adjudicate", _as_opinion(workspace, editor, dispute))
        version = editor.content.document.version
    _settle(workspace, opinion, True)
    return Decided(dispute, version)


def _as_opinion(workspace: Workspace, editor: DocumentEditor, dispute: Dispute) -> Annotations:
    """The labels with what differs as the opinion has it."""
    state, annotator = editor.state, dispute.opinion.annotator
    for difference in dispute.differences:
        if isinstance(difference, ClassDisagreement):
            state = (
                acts.classify(state, difference.field, difference.second, annotator)
                if difference.second
                else acts.cannot_say(state, difference.field)
            )
        else:
            wrong = [s for s in state.spans if (s.field, s.tokens) == (difference.field, difference.first)]
            state = acts.clear_spans(state, wrong)
            if difference.second:
                state = acts.assign(state, difference.field, difference.second, annotator)
    if states.is_only_classified(editor.content, workspace.schema) and not state.classes:
        state = acts.set_aside(state, State.SKIPPED)  # nothing can be said of it: it trains no model
    return state


def take_back(workspace: Workspace, decided: Decided) -> None:
    """Undo a decision: the labels are as they were before it, and it is disputed again.

    Raises:
        UsageProblem: the document was changed since.
    """
    if decided.version is not None:
        editor = _editor(workspace, decided.dispute)
        if editor.content.document.version != decided.version:
            raise UsageProblem(f"{decided.dispute.name} was changed since.", "Open it, and undo there.")
        editor.undo()
    _settle(workspace, decided.dispute.opinion, False)


def _settle(workspace: Workspace, opinion: Opinion, settled: bool) -> None:
    with workspace.db.write() as connection:
        opinions.settle(connection, opinion, settled)


def _editor(workspace: Workspace, dispute: Dispute) -> DocumentEditor:
    settings = workspace.settings
    return DocumentEditor(workspace, dispute.document, field_states.judge(settings.schema, settings.day_first))


@dataclass(frozen=True, slots=True)
class _Compared:
    opinion: Opinion  # finished
    content: Content  # the document as it is now
    labels: Annotations  # as they were when the opinion was given


def _compared(connection: Connection, finished: list[Opinion]) -> Iterator[_Compared]:
    """Finished opinions with what they are about, without those on documents whose words were replaced since."""
    for opinion in finished:
        content = documents.open_document(connection, opinion.document)
        if opinion.at is None:
            continue  # never kept, so never given
        then = annotations.as_of(connection, opinion.document, content.annotations, opinion.at)
        if then is not None:
            yield _Compared(opinion, content, then)


def _twice(workspace: Workspace, compared: _Compared) -> LabelledTwice:
    first, second = _active(workspace, compared.labels.spans), _active(workspace, compared.opinion.spans)
    is_classified = states.is_text(compared.content) and bool(workspace.schema.classes) and not (first or second)
    classes = []
    for field in workspace.schema.classes:
        label, opinion = _decided(compared.labels, field.id), _decided(compared.opinion, field.id)
        if label is not None and opinion is not None:
            choices = field.options if field.multiple else ()
            classes.append(ClassifiedTwice(field.id, label, opinion, choices))
    length = 0 if is_classified else compared.content.document.token_count
    return LabelledTwice(first, second, length, tuple(classes))


def _decided(labels: Annotations | Opinion, field: str) -> frozenset[str] | None:
    """The options of a class field; none where it cannot be told, None where it is not decided."""
    options = frozenset(label.option for label in labels.classes if label.field == field)
    return options if options or field in labels.absent else None


def _dispute(workspace: Workspace, compared: _Compared) -> Dispute | None:
    labels, opinion = compared.content.annotations, compared.opinion
    differ = agreement.differences(_active(workspace, labels.spans), _active(workspace, opinion.spans))
    of_classes = [d for field in workspace.schema.classes if (d := _class_difference(field, labels, opinion))]
    if opinion.settled or not (differ or of_classes):
        return None
    tokens, document = compared.content.tokens, compared.content.document
    places = [place for difference in differ for place in (difference.first, difference.second) if place]
    words = {place: field_states.text_of(tokens, place) for place in places}
    text = field_states.text_of(tokens, range(min(_SHOWN, len(tokens)))) if states.is_text(compared.content) else ""
    return Dispute(document.id, document.name, opinion, _people(labels), (*differ, *of_classes), words, text)


def _class_difference(field: Field, labels: Annotations, opinion: Opinion) -> ClassDisagreement | None:
    """How an opinion differs that decides a class field."""
    first, second = _decided(labels, field.id), _decided(opinion, field.id)
    if second is None or first == second:
        return None
    return ClassDisagreement(field.id, tuple(sorted(first)) if first is not None else None, tuple(sorted(second)))


def _options(options: tuple[str, ...] | None) -> str:
    return "" if options is None else ", ".join(options) or "cannot say"


def _people(labels: Annotations) -> tuple[str, ...]:
    names = {span.annotator for span in labels.spans} | {label.annotator for label in labels.classes}
    return tuple(sorted(names - {""}))


def _active(workspace: Workspace, spans: frozenset[Span]) -> frozenset[Span]:
    known = {field.id for field in workspace.schema.spans}
    return frozenset(span for span in spans if span.field in known)

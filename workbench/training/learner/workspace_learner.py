"""What a workspace needs of the two learners: that of words, that of classes, or both. [worker]"""

from collections.abc import Callable, Iterator
from itertools import zip_longest

from storage import label_queries
from workbench.live import record
from workbench.live.messages import Look
from workbench.training.learner.class_learner import ClassLearner
from workbench.training.learner.learner import Learner
from workbench.training.learner.pool_scores import PoolScores
from workbench.workspace import Workspace


class WorkspaceLearner:
    """Learns from a workspace's labels. A model is loaded when there is something that it is for.

    Args:
        workspace: open.
        note: says a line to the analyst, who sees it once.
    """

    def __init__(self, workspace: Workspace, note: Callable[[str], None] = print) -> None:
        self._workspace, self._note = workspace, note
        self._record = record.read(workspace.files.learner_record)
        self._scores = PoolScores(workspace)
        self._words: Learner | None = None
        self._classes: ClassLearner | None = None

    def update(self) -> bool:
        """Take in what was labelled since the last time; whether anything was.

        Raises:
            WorkbenchError: the workspace cannot be read.
        """
        self._workspace.reread_settings()
        changed = False
        if self._classes is not None:
            changed |= self._classes.update()
        elif self._workspace.schema.classes:
            self._classes, changed = ClassLearner(self._workspace, self._record, self._scores, self._note), True
        if self._words is not None:
            changed |= self._words.update()
        elif self._has_words_to_label():
            self._words, changed = Learner(self._workspace, self._record, self._scores, self._note), True
        return changed

    def steps(self, look: Look, is_old: Callable[[], bool]) -> Iterator[None]:
        """Bring what comes next up to date, as `Learner.steps` and `ClassLearner.steps`, by turns."""
        if self._record.count(look.keys):
            record.write(self._workspace.files.learner_record, self._record)
        both = [learner.steps(look, is_old) for learner in (self._classes, self._words) if learner is not None]
        for _ in zip_longest(*both):
            yield

    def _has_words_to_label(self) -> bool:
        """Whether the starter is of use: texts are as a rule only classified."""
        schema = self._workspace.schema
        if not schema.spans or not schema.classes:
            return bool(schema.spans)
        with self._workspace.db.read() as connection:
            return bool(label_queries.fields(connection)) or not label_queries.are_all_texts(connection)

"""How far it is to the next run that begins by itself. Loads no more than the database does: `status` says it, too."""

from dataclasses import dataclass

from storage import label_queries, runs
from workbench.fields.plain_text import counted
from workbench.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Standing:
    """How far it is to the next run that begins by itself.

    Attributes:
        after: accepted documents between two runs; 0: no run begins by itself.
        accepted: since the newest run was begun, however it ended.
        at_work: whether a run has not ended yet; none begins beside it.
    """

    after: int = 0
    accepted: int = 0
    at_work: bool = False

    @property
    def due(self) -> bool:
        """Whether a run is to begin now."""
        return bool(self.after) and not self.at_work and self.accepted >= self.after

    @property
    def left(self) -> int:
        """Documents to be accepted until then."""
        return max(0, self.after - self.accepted)

    @property
    def line(self) -> str:
        """For the status line; "" where no run begins by itself, or one is at work."""
        return f"trains after {self.left:,} more" if self.left and not self.at_work else ""

    @property
    def sentence(self) -> str:
        """For the queue screen; "" where no run begins by itself."""
        if not self.after:
            return ""
        left = f": {self.left:,} to go" if self.left else ""
        return f"Trains by itself after {counted(self.after, 'accepted document')}{left}."


def standing(workspace: Workspace) -> Standing:
    """How far it is, by the labels of now."""
    after = workspace.settings.train_after
    if not after:
        return Standing()
    with workspace.db.read() as connection:
        newest, active = runs.begun(connection)
        accepted = label_queries.accepted_since(connection, newest)
    return Standing(after, accepted, active > 0)

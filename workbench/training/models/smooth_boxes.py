"""Box coordinates as smooth functions: layout sense that small data can teach. [worker]

LayoutLM looks every coordinate up in a table of 1,024 rows. Neighbouring rows have nothing in common, so each must
be met in training: on few documents that hurts more than it helps. Here a table is the one that came with the
weights plus a linear map of a few sines and cosines of the coordinate, and only the map is trained. It starts at
zero (the model starts as it was), neighbours move together, and `bake` folds it into the tables, so that what is
kept is a plain LayoutLM.
"""

import math
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

TABLES = ("x_position_embeddings", "y_position_embeddings", "h_position_embeddings", "w_position_embeddings")
FREQUENCIES = 8


def waves(rows: int) -> torch.Tensor:
    """Sines and cosines of the coordinates 0 … rows − 1 (thousandths of the page): (rows, 2 × FREQUENCIES).

    The longest wave is two pages long, the shortest a sixty-fourth of a page.
    """
    coordinates = torch.arange(rows, dtype=torch.float32) / 1000
    angles = coordinates[:, None] * (math.pi * 2.0 ** torch.arange(FREQUENCIES))
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Smooth(nn.Module):
    """A table's parametrisation: the frozen table plus a trained smooth function of the row's number."""

    waves: torch.Tensor

    def __init__(self, rows: int, hidden: int) -> None:
        super().__init__()
        self.register_buffer("waves", waves(rows), persistent=False)
        self.weight = nn.Parameter(torch.zeros(2 * FREQUENCIES, hidden))

    def forward(self, table: torch.Tensor) -> torch.Tensor:
        """The table as the model sees it."""
        return table + self.waves @ self.weight


def embeddings(model: nn.Module) -> Any:
    """The module that holds the position tables of a LayoutLM."""
    return model.base_model.embeddings  # type: ignore[union-attr]


def smoothen(model: nn.Module) -> None:
    """Let the position tables move only smoothly from here on."""
    for name in TABLES:
        table = getattr(embeddings(model), name)
        parametrize.register_parametrization(table, "weight", Smooth(*table.weight.shape))
        table.parametrizations.weight.original.requires_grad_(False)


def bake(model: nn.Module) -> None:
    """Fold the smooth functions into the tables: a plain LayoutLM again. Does nothing where there are none."""
    for name in TABLES:
        table = getattr(embeddings(model), name, None)
        if table is not None and parametrize.is_parametrized(table, "weight"):
            parametrize.remove_parametrizations(table, "weight", leave_parametrized=True)
            table.weight.requires_grad_(True)


def baked(model: nn.Module) -> dict[str, torch.Tensor]:
    """The state of the plain LayoutLM that `bake` would leave, without touching the model."""
    state = {name: tensor for name, tensor in model.state_dict().items() if ".parametrizations." not in name}
    for name in TABLES:
        state[f"layoutlm.embeddings.{name}.weight"] = getattr(embeddings(model), name).weight.detach().clone()
    return state

"""LayoutLM: words and boxes. [worker]"""

from collections.abc import Sequence

from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.training.models import loading


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    """A LayoutLM for these fields."""
    source = loading.source_of(config.model.name or families.spec("layoutlm").bases[0].name)
    built = loading.build(config, fields, source, ("layoutlm",))
    built.sep_box = 1000  # as in its pretraining
    return built

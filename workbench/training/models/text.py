"""Text only: any BERT-like encoder. Boxes are not looked at. [worker]"""

from collections.abc import Sequence

from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.training.models import loading


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    """A text encoder for these fields."""
    source = loading.source_of(config.model.name or families.spec("text").bases[0].name)
    return loading.build(config, fields, source)

"""Text only: any BERT-like encoder. Boxes are not looked at. [worker]"""

from collections.abc import Sequence

from workbench import families
from workbench.config import FieldSpec
from workbench.families import loading
from workbench.knobs import TuneConfig


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    """A text encoder for these fields."""
    source = loading.source_of(config.model.name or families.spec("text").bases[0].name)
    return loading.build(config, fields, source)

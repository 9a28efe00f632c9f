"""LiLT: a text encoder of any language and a layout encoder side by side. [worker]"""

from collections.abc import Sequence

from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.training.models import loading


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    source = loading.source_of(config.model.name or families.spec("lilt").bases[0].name)
    return loading.build(config, fields, source, ("lilt",))

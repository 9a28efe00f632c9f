"""LayoutLMv3: words, boxes and the page's picture. [worker]"""

from collections.abc import Sequence

from transformers import LayoutLMv3ImageProcessorPil

from workbench.runs.config import families
from workbench.runs.config.request import FieldSpec
from workbench.runs.config.tune import TuneConfig
from workbench.training.models import loading


def build(config: TuneConfig, fields: Sequence[FieldSpec]) -> loading.Built:
    """A LayoutLMv3 for these fields."""
    source = loading.source_of(config.model.name or families.spec("layoutlmv3").bases[0].name)
    built = loading.build(config, fields, source, ("layoutlmv3",))
    if built.model.config.visual_embed:
        side = built.model.config.input_size
        built.picture = LayoutLMv3ImageProcessorPil(apply_ocr=False, size={"height": side, "width": side})
    return built

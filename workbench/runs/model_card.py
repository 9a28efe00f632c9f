"""The model card that an exported model carries: what it is, was trained on and reaches."""

import re
from typing import Any

from storage.records import Run
from workbench.fields.plain_text import for_markdown, harmless_lines
from workbench.runs.config import families
from workbench.runs.config.request import Request
from workbench.runs.model_folders import onnx_form
from workbench.runs.progress import headline
from workbench.runs.state import RunFolder
from workbench.workspace import Workspace

_TEMPLATE = """\
---
{{ card_data }}
---
# {{ name }}

Fine-tuned from {{ base }} ({{ family.title }}) by invoice-workbench, run {{ run.id }}, {{ date }}.

**Licence of the base weights:** {{ family.licence }}. {{ family.commercial }}

**They had learned from** {{ family.learned_from }}

## Data

{% for split, number in documents.items() if number -%}
- {{ split }}: {{ number }} documents
{% endfor -%}
- fingerprint of the training documents: `{{ fingerprint }}`
{% for reader in readers -%}
- words and boxes: {{ reader }}
{% endfor %}
{% for split, figures in measured.items() -%}
## Figures on {{ split }} ({{ figures.documents or 0 }} documents)

{% if figures.headline -%}
{{ figures.headline }}: every value on them is right.

{% endif -%}
Strict span F1, micro, of the model alone: **{{ "%.3f" | format(figures.f1 or 0) }}**\
{% if figures.ci95 %} (95 % between {{ "%.2f" | format(figures.ci95[0]) }} and {{ "%.2f" | format(figures.ci95[1]) }})\
{%- endif %}

| field | precision | recall | F1 | labels |
|---|---|---|---|---|
{% for field, row in (figures.fields or {}).items() -%}
| {{ names.get(field, field) }} | {{ "%.3f" | format(row.precision) }} | {{ "%.3f" | format(row.recall) }} \
| {{ "%.3f" | format(row.f1) }} | {{ row.support }} |
{% endfor %}
{% endfor -%}
{% if onnx -%}
## ONNX

`model.onnx` ({{ onnx.precision }}, {{ (onnx.bytes / 1e6) | round(1) }} MB) changes {{ onnx.changed }} of \
{{ onnx.compared }} {{ onnx.what }} on the {{ onnx.documents }} validation documents. More than 0.5 % is refused.

{% endif -%}
## Use

Words with boxes (0–1000 of the page) in; a label for every sub-token out. A word's prediction is the mean over its \
sub-tokens. `workbench.json` holds the fields, the windows and the normalisers. Pages longer than \
{{ length }} tokens are read in windows, which this code leaves out:

```python
{{ code }}
```

## Configuration

```yaml
{{ configuration }}
```
"""


def model_card(workspace: Workspace, run: Run) -> str:
    """The card as Markdown with the front matter that hubs read."""
    from huggingface_hub import ModelCard, ModelCardData  # takes a while to import

    report: dict[str, Any] = run.report or {}
    request = Request.read(workspace.files.run(run.id))
    family = families.spec(run.family)
    base = request.config.model.name or family.bases[0].name
    measured = _measured(report)
    card = ModelCard.from_template(
        ModelCardData(
            library_name="transformers",
            license=_licence(family, base),
            base_model=_origin(family, base),
            datasets=[f"local-{request.fingerprint}"] if request.fingerprint else None,
            pipeline_tag="token-classification",
            tags=["invoice", "layout", "token-classification"],
        ),
        template_str=_TEMPLATE,
        run=run,
        name=for_markdown(run.name),
        base=for_markdown(base or "the starter of invoice-workbench"),
        family=family,
        date=f"{run.created.astimezone():%Y-%m-%d}",
        documents=report.get("documents") or {},
        fingerprint=request.fingerprint or report.get("fingerprint", ""),
        readers=[_reader(engine, version) for engine, version in sorted(request.engines.items())],
        measured=measured,
        onnx=onnx_form.read(RunFolder(workspace.files.run(run.id)).model),
        length=request.config.data.max_length,
        code=_code(family, sep_box=1000 if family.name in ("starter", "layoutlm") else 0),
        names={field.id: for_markdown(field.name or field.id) for field in request.fields},
        configuration=harmless_lines(request.text().rstrip()).replace("```", "'''"),  # it stands in a fence
    )
    return str(card)


def _reader(engine: str, version: str) -> str:
    """What read the words: a model meets the same mistakes only where the same engine reads for it."""
    sources = {"given": "given with the documents", "text-layer": "the text layer of the PDFs"}
    return sources.get(engine) or f"read by the OCR engine {for_markdown(f'{engine} {version}')}".rstrip()


def _measured(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures by split: those of the evaluation where it has them, as its interval belongs to them alone."""
    measured: dict[str, dict[str, Any]] = dict(report.get("figures") or {})
    evaluation = report.get("evaluation") or {}
    if micro := evaluation.get("micro"):
        measured[evaluation["split"]] = {
            "documents": evaluation["documents"], "f1": micro["f1"], "ci95": micro.get("ci95"),
            "fields": evaluation["fields"], "headline": headline(evaluation),
        }  # fmt: skip
    return measured


_LICENCES = {"Apache-2.0": "apache-2.0", "MIT": "mit", "CC BY-NC-SA 4.0": "cc-by-nc-sa-4.0"}
"""Licences as the hub calls them."""


def _licence(family: families.Spec, base: str) -> str:
    """The licence of a base of the registry; "other" for weights that are not known."""
    known = next((known for known in family.bases if known.name == base), None)
    if known is None:
        return "other"
    return _LICENCES.get(family.licence) or _LICENCES.get(known.title.rpartition(", ")[2], "other")


def _origin(family: families.Spec, base: str) -> str | None:
    """The base's name on the hub; None for a folder."""
    if not base:
        return _STARTER_TEXT
    is_known = any(known.name == base for known in family.bases)
    return base if is_known or re.fullmatch(r"[\w.-]+/[\w.-]+", base) else None


_STARTER_TEXT = "sentence-transformers/all-MiniLM-L6-v2"
"""Where the starter's word weights are from."""


def _code(family: families.Spec, sep_box: int) -> str:
    """Code that labels two words with the model; it runs in the model's folder."""
    lines = [
        "import torch",
        *(["from PIL import Image"] if family.picture else []),
        "from transformers import "
        + ", ".join(
            sorted(
                ["AutoModelForTokenClassification", "AutoTokenizer"]
                + (["LayoutLMv3ImageProcessorPil"] if family.picture else [])
            )
        ),
        "",
        'folder = "."  # where this file is',
        'words = ["Total:", "12.50"]',
        "boxes = [[400, 800, 500, 820], [520, 800, 600, 820]]  # x0, y0, x1, y1 in thousandths of the page",
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
        "model = AutoModelForTokenClassification.from_pretrained(folder).eval()",
        "pieces = tokenizer.backend_tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)",
        "inputs = {",
        '    "input_ids": torch.tensor([[tokenizer.cls_token_id, *pieces.ids, tokenizer.sep_token_id]]),',
        *(
            ['    "bbox": torch.tensor([[[0] * 4, *(boxes[i] for i in pieces.word_ids), [' + str(sep_box) + "] * 4]]),"]
            if family.boxes
            else []
        ),
        "}",
    ]
    if family.picture:
        lines += [
            'page = Image.open("page.png").convert("RGB")  # the page that the words are from',
            "processor = LayoutLMv3ImageProcessorPil.from_pretrained(folder)",
            'inputs["pixel_values"] = processor(page, return_tensors="pt")["pixel_values"]',
        ]
    lines += [
        "with torch.no_grad():",
        "    logits = model(**inputs).logits[0, 1 : len(pieces.ids) + 1]",
        "for number, word in enumerate(words):",
        "    of_word = [at for at, i in enumerate(pieces.word_ids) if i == number]",
        "    print(word, model.config.id2label[int(logits[of_word].mean(0).argmax())])",
    ]
    return "\n".join(lines)

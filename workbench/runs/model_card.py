"""The model card that an exported model carries: what it is, was trained on and reaches."""

import re
from typing import Any

from storage.records import Run
from workbench.fields.plain_text import for_markdown, harmless_lines
from workbench.runs.config import families
from workbench.runs.config.request import Request, without_places
from workbench.runs.model_folders import example_code, onnx_form
from workbench.runs.progress import headline
from workbench.runs.state import RunFolder

_TEMPLATE = """\
---
{{ card_data }}
---
# {{ name }}

{{ origin }} by invoice-workbench, run {{ run.id }}, {{ date }}.

**Licence of the base weights:** {{ family.licence }}. {{ family.commercial }}

**They had learned from** {{ family.learned_from }}

## Data

{% for split, number in documents.items() if number -%}
- {{ split }}: {{ number }} documents
{% endfor -%}
- fingerprint of the training documents: `{{ fingerprint }}`
{% for reader in readers -%}
- words{{ " and boxes" if kind == "field" }}: {{ reader }}
{% endfor %}
{% for split, figures in measured.items() -%}
## Figures on {{ split }} ({{ figures.documents or 0 }} documents)

{% if figures.headline -%}
{{ figures.headline }}.

{% endif -%}
{% for title, figure, interval in figures.figures -%}
{{ title }}: **{{ "%.3f" | format(figure or 0) }}**\
{% if interval %} (95 % between {{ "%.2f" | format(interval[0]) }} and {{ "%.2f" | format(interval[1]) }})\
{%- endif %}

{% endfor -%}
| {{ kind }} | precision | recall | F1 | labels |
|---|---|---|---|---|
{% for field, row in (figures.fields or {}).items() -%}
| {{ shown(field) }} | {{ "%.3f" | format(row.precision) }} | {{ "%.3f" | format(row.recall) }} \
| {{ "%.3f" | format(row.f1) }} | {{ row.support }} |
{% endfor %}
{% endfor -%}
{% if unread -%}
The test documents ({{ unread }}) were not read by this model.

{% endif -%}
{% if onnx -%}
## ONNX

`model.onnx` ({{ onnx.precision }}, {{ (onnx.bytes / 1e6) | round(1) }} MB) changes {{ onnx.changed }} of \
{{ onnx.compared }} {{ onnx.what }} on the {{ onnx.documents }} validation documents. More than 0.5 % is refused.

{% endif -%}
## Use

{{ use }}

```python
{{ code }}
```

## Configuration

```yaml
{{ configuration }}
```
"""


def model_card(run: Run, folder: RunFolder) -> str:
    """The card as Markdown with the front matter that hubs read."""
    from huggingface_hub import ModelCard, ModelCardData  # takes a while to import

    report: dict[str, Any] = run.report or {}
    request = Request.read(folder.path)
    family = families.spec(run.family)
    base = request.config.model.name or family.bases[0].name
    of_classes = request.config.model.task == "classes"
    names = {} if of_classes else {field.id: field.name for field in request.fields}  # of what has figures
    pipeline = "text-classification" if of_classes else "token-classification"
    card = ModelCard.from_template(
        ModelCardData(
            library_name="scikit-learn" if family.name == BASELINE else "transformers",
            license=_licence(family, base),
            base_model=_origin(family, base),
            datasets=[f"local-{request.fingerprint}"] if request.fingerprint else None,
            pipeline_tag=pipeline,
            tags=["invoice", *([] if of_classes else ["layout"]), pipeline],
        ),
        template_str=_TEMPLATE,
        run=run,
        name=for_markdown(run.name),
        origin=_sentence_on_origin(family, without_places(base)),
        family=family,
        date=f"{run.created.astimezone():%Y-%m-%d}",
        documents=report.get("documents") or {},
        fingerprint=request.fingerprint or report.get("fingerprint", ""),
        readers=[_reader(engine, version) for engine, version in sorted(request.engines.items())],
        kind="class" if of_classes else "field",
        measured=_class_figures(report) if of_classes else _field_figures(report),
        unread=report.get("test_unread"),
        onnx=onnx_form.read(folder.model),
        use=_class_use(request, report.get("cut")) if of_classes else _field_use(request),
        code=(
            example_code.of_classes(family, multiple=request.fields[0].multiple, length=request.config.data.max_length)
            if of_classes
            else example_code.of_fields(family)
        ),
        shown=lambda key: for_markdown(names.get(key) or key),
        configuration=harmless_lines(request.public_text().rstrip()).replace("```", "'''"),  # it stands in a fence
    )
    return str(card)


def _reader(engine: str, version: str) -> str:
    """What read the words: a model meets the same mistakes only where the same engine reads for it."""
    if engine == "text":
        return "of texts without pages"
    sources = {"given": "given with the documents", "text-layer": "the text layer of the PDFs"}
    return sources.get(engine) or f"read by the OCR engine {for_markdown(f'{engine} {version}')}".rstrip()


def _sentence_on_origin(family: families.Spec, base: str) -> str:
    if family.name == BASELINE:
        return f"Trained ({family.title})"
    shipped = {"starter": "the starter of invoice-workbench"}.get(family.name, family.bases[0].title)
    return f"Fine-tuned from {for_markdown(base or shipped)} ({family.title})"


def _field_figures(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Figures by split: those of the evaluation where it has them, as its interval belongs to them alone."""
    title = "Strict span F1, micro, of the model alone"
    measured = {
        split: {**figures, "figures": [(title, figures.get("f1"), None)]}
        for split, figures in (report.get("figures") or {}).items()
    }
    evaluation = report.get("evaluation") or {}
    if micro := evaluation.get("micro"):
        right = headline(evaluation)
        measured[evaluation["split"]] = {
            "documents": evaluation["documents"], "figures": [(title, micro["f1"], micro.get("ci95"))],
            "fields": evaluation["fields"], "headline": right and f"{right}: every value on them is right",
        }  # fmt: skip
    return measured


def _class_figures(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """As `_field_figures`, of a run that learned a class field."""
    measured = {
        split: {**figures, "figures": [(title, figures.get(name), None) for name, title in _CLASS_FIGURES.items()]}
        for split, figures in (report.get("figures") or {}).items()
    }
    if classes := report.get("classes"):
        accuracy, macro = classes.get("accuracy"), classes["macro"]
        interval = classes.get("accuracy_ci95") or classes.get("subset_accuracy_ci95")
        measured[classes["split"]] = {
            "documents": classes["documents"], "fields": classes["classes"], "headline": headline(report),
            "figures": [
                (_CLASS_FIGURES["accuracy"], accuracy, interval),
                (_CLASS_FIGURES["f1"], macro["f1"], macro.get("ci95")),
            ],
        }  # fmt: skip
    return measured


_CUTS = {"f1": "F1, mean over both classes", "recall": "recall, mean over both classes"}
"""What a cut was chosen by, as on a card."""

_CLASS_FIGURES = {"accuracy": "Accuracy, whole documents", "f1": "F1, mean over the classes"}
"""Names of figures in a report -> their titles on a card."""


def _field_use(request: Request) -> str:
    return (
        "Words with boxes (0–1000 of the page) in; a label for every sub-token out. A word's prediction is the mean "
        "over its sub-tokens. `workbench.json` holds the fields, the windows and the normalisers. Pages longer than "
        f"{request.config.data.max_length} tokens are read in windows, which this code leaves out:"
    )


def _class_use(request: Request, cut: dict[str, Any] | None) -> str:
    family = families.spec(request.config.model.family)
    document = "The words of a document, with boxes (0–1000 of the page)," if family.boxes else "A text"
    options = "several of them can be right" if request.fields[0].multiple else "one of them is right"
    windows = (
        ""
        if family.name == BASELINE
        else f" Documents longer than {request.config.data.max_length} tokens are read in windows, whose logits are "
        "averaged; this code leaves that out."
    )
    moved = (
        f" What the training took for {for_markdown(cut['class'])} from a probability of {cut['at']:.2f} on is so from "
        f"0.5 on: the head's bias was moved to the cut that was best on validation ({_CUTS[cut['by']]}). So a "
        "probability says on which side of the cut a document is, not how often such documents are right."
        if cut
        else ""
    )
    return f"{document} in; the probability of each class out: {options}.{windows}{moved}"


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
    if family.name == BASELINE:
        return None
    if not base:
        return _STARTER_TEXT
    is_known = any(known.name == base for known in family.bases)
    return base if is_known or re.fullmatch(r"[\w.-]+/[\w.-]+", base) else None


_STARTER_TEXT = "sentence-transformers/all-MiniLM-L6-v2"
"""Where the word weights of the starter and of the text encoder are from."""

BASELINE = "baseline"
"""The family that begins from nothing and is no transformer."""

"""The model card that an exported model carries: what it is, was trained on and reaches."""

from typing import Any

from storage.records import Run
from workbench.runs.config import families
from workbench.runs.config.request import Request
from workbench.workspace import Workspace

_TEMPLATE = """\
---
{{ card_data }}
---
# {{ run.name }}

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

Strict span F1, micro: **{{ "%.3f" | format(figures.f1 or 0) }}**{{ intervals[split] }}

| field | precision | recall | F1 | labels |
|---|---|---|---|---|
{% for field, row in (figures.fields or {}).items() -%}
| {{ names.get(field, field) }} | {{ "%.3f" | format(row.precision) }} | {{ "%.3f" | format(row.recall) }} \
| {{ "%.3f" | format(row.f1) }} | {{ row.support }} |
{% endfor %}
{% endfor -%}
## Use

Words with boxes (0–1000 of the page) in; a label for every sub-token out. A word's prediction is the mean over its \
sub-tokens. `workbench.json` holds the fields, the windows and the normalisers.

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
    measured = report.get("figures") or {}
    card = ModelCard.from_template(
        ModelCardData(
            library_name="transformers",
            pipeline_tag="token-classification",
            tags=["invoice", "layout", "token-classification"],
        ),
        template_str=_TEMPLATE,
        run=run,
        base=request.config.model.name or family.bases[0].name or "the starter of invoice-workbench",
        family=family,
        date=f"{run.created.astimezone():%Y-%m-%d}",
        documents=report.get("documents") or {},
        fingerprint=request.fingerprint or report.get("fingerprint", ""),
        readers=[_reader(engine, version) for engine, version in sorted(request.engines.items())],
        measured=measured,
        intervals={split: _interval(report, split) for split in measured},
        names={field.id: field.name or field.id for field in request.fields},
        configuration=request.text().rstrip(),
    )
    return str(card)


def _reader(engine: str, version: str) -> str:
    """What read the words: a model meets the same mistakes only where the same engine reads for it."""
    sources = {"given": "given with the documents", "text-layer": "the text layer of the PDFs"}
    return sources.get(engine) or f"read by the OCR engine {engine} {version}".rstrip()


def _interval(report: dict[str, Any], split: str) -> str:
    evaluation = report.get("evaluation") or {}
    ci95 = (evaluation.get("micro") or {}).get("ci95") if evaluation.get("split") == split else None
    return f" (95 % between {ci95[0]:.2f} and {ci95[1]:.2f})" if ci95 else ""

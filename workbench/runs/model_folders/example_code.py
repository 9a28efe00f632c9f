"""Code that runs in a model's folder and shows how it is used, for the model's card."""

from workbench.runs.config import families

_FIELDS_IMPORT = "from transformers import AutoModelForTokenClassification, AutoTokenizer"
_CLASSES_IMPORT = "from transformers import AutoModelForSequenceClassification, AutoTokenizer"
_PICTURE_CLASS = "LayoutLMv3ImageProcessorPil"
_FOLDER = 'folder = "."  # where this file is'
_TEXT = 'text = "Please find our invoice attached."'

_BASELINE = f"""\
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from sklearn.feature_extraction.text import TfidfVectorizer

{_FOLDER}
{_TEXT}
kept = json.loads((Path(folder) / "vocabulary.json").read_text(encoding="utf-8"))
arrays = load_file(Path(folder) / "baseline.safetensors")
counts = TfidfVectorizer(
    ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\\b\\w+\\b", vocabulary=kept["words"]
)
counts.idf_ = arrays["idf"]
scores = (counts.transform([text]) @ arrays["coefficients"].T + arrays["intercepts"])[0]
"""


def of_fields(family: families.Spec) -> str:
    """Code that labels two words."""
    return "\n".join(
        [
            *_imports(family, _FIELDS_IMPORT),
            "",
            _FOLDER,
            'words = ["Total:", "12.50"]',
            *_loaded(family, "AutoModelForTokenClassification"),
            "with torch.no_grad():",
            "    logits = model(**inputs).logits[0, 1 : len(pieces.ids) + 1]",
            "for number, word in enumerate(words):",
            "    of_word = [at for at, i in enumerate(pieces.word_ids) if i == number]",
            "    print(word, model.config.id2label[int(logits[of_word].mean(0).argmax())])",
        ]
    )


def of_classes(family: families.Spec, *, multiple: bool, length: int) -> str:
    """Code that prints the probability of every option.

    Args:
        family: what the model was built as.
        multiple: each option is a yes or no of its own.
        length: the most tokens that the model reads at once.
    """
    if family.name == "baseline":
        shares = (
            ["shares = 1 / (1 + np.exp(-np.clip(scores, -60, 60)))  # of each class by itself"]
            if multiple
            else ["shares = np.exp(scores - scores.max())", "shares /= shares.sum()"]
        )
        last = ['for label, share in zip(kept["labels"], shares):', '    print(f"{share:.3f}", label)']
        return _BASELINE + "\n".join([*shares, *last])
    if not family.boxes:
        return "\n".join(
            [
                "from transformers import pipeline",
                "",
                _FOLDER,
                _TEXT,
                'classify = pipeline("text-classification", model=folder)',
                f"for answer in classify(text, top_k=None, truncation=True, max_length={length}):",
                "    print(f\"{answer['score']:.3f}\", answer['label'])",
            ]
        )
    return "\n".join(
        [
            *_imports(family, _CLASSES_IMPORT),
            "",
            _FOLDER,
            'words = ["Total:", "12.50"]',
            *_loaded(family, "AutoModelForSequenceClassification"),
            "with torch.no_grad():",
            "    logits = model(**inputs).logits[0]",
            f"shares = {'logits.sigmoid()  # of each class by itself' if multiple else 'logits.softmax(0)'}",
            "for number, share in enumerate(shares.tolist()):",
            '    print(f"{share:.3f}", model.config.id2label[number])',
        ]
    )


def _imports(family: families.Spec, of_transformers: str) -> list[str]:
    if not family.picture:
        return ["import torch", of_transformers]
    return ["import torch", "from PIL import Image", f"{of_transformers}, {_PICTURE_CLASS}"]


def _loaded(family: families.Spec, model_class: str) -> list[str]:
    """From words to the model and its `inputs`."""
    last_box = 1000 if family.name in ("starter", "layoutlm") else 0  # as in LayoutLM's pretraining
    of_pieces = f"[[[0] * 4, *(boxes[i] for i in pieces.word_ids), [{last_box}] * 4]]"
    lines = [
        "tokenizer = AutoTokenizer.from_pretrained(folder)",
        f"model = {model_class}.from_pretrained(folder).eval()",
        "pieces = tokenizer.backend_tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)",
        'inputs = {"input_ids": torch.tensor([[tokenizer.cls_token_id, *pieces.ids, tokenizer.sep_token_id]])}',
    ]
    if family.boxes:
        boxes = "boxes = [[400, 800, 500, 820], [520, 800, 600, 820]]  # x0, y0, x1, y1 in thousandths of the page"
        lines = [boxes, *lines, f'inputs["bbox"] = torch.tensor({of_pieces})']
    if family.picture:
        lines += [
            'page = Image.open("page.png").convert("RGB")  # the page that the words are from',
            f"processor = {_PICTURE_CLASS}.from_pretrained(folder)",
            'inputs["pixel_values"] = processor(page, return_tensors="pt")["pixel_values"]',
        ]
    return lines

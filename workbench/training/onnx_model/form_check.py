"""Whether an ONNX form is the model beside it: what it says of some documents. [worker]"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from storage.exceptions import InputProblem

_MOST_APART = 0.1
"""Of a word's probability that lies elsewhere, on average; int8 moves far less."""


def hold_to_model(predictor: Any, session: Any, documents: Sequence[Any], file: Path) -> None:
    """Refuse a form that cannot be run, answers in another shape, or says something else than its model.

    Args:
        predictor: `Predictor` or `ClassPredictor`; without a session afterwards.
        session: of the form.
        documents: as the predictor encodes them.
        file: of the form, for the message.

    Raises:
        InputProblem: naming the reason.
    """
    predictor.bf16, predictor.session = False, None
    expected = [prediction.probabilities for prediction in predictor.predict_encoded(documents)]
    predictor.session = session
    try:
        answered = [prediction.probabilities for prediction in predictor.predict_encoded(documents)]
    except Exception as error:  # whatever ONNX Runtime and numpy raise is about this file
        raise _problem(file, f"it cannot be run: {type(error).__name__} {str(error)[:150]}") from error
    finally:
        predictor.session = None
    for of_model, of_form in zip(expected, answered, strict=True):
        if of_model.shape != of_form.shape or not np.isfinite(of_form).all():
            raise _problem(file, "its answers have another shape than the model's.")
        if of_model.size and np.abs(of_model - of_form).sum(axis=-1).mean() / 2 > _MOST_APART:
            raise _problem(file, "it predicts otherwise than the model in its folder.")


def _problem(file: Path, reason: str) -> InputProblem:
    return InputProblem(f"{file} cannot be used: {reason}", "Delete it, or export the model again.")

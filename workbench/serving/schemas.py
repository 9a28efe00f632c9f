"""What is sent and answered, as the OpenAPI document describes it."""

from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, Field

RECEIPT: dict[str, Any] = {
    "words": ["ACME", "Store", "Date:", "2024-03-14", "Subtotal", "10.00", "Tax", "1.90", "TOTAL", "EUR", "11.90"],
    "boxes": [
        [60, 40, 140, 60], [150, 40, 230, 60], [60, 90, 120, 108], [130, 90, 250, 108], [60, 140, 160, 158],
        [420, 140, 480, 158], [60, 170, 100, 188], [430, 170, 480, 188], [60, 210, 130, 232], [360, 210, 400, 232],
        [410, 210, 480, 232],
    ],
    "width": 540,
    "height": 760,
}  # fmt: skip
SENTENCE = "Invoice 2024-0117 of 14 March 2024, total amount 1,190.00 EUR"
EXAMPLES = {
    "sentence": {"summary": "A sentence", "value": {"inputs": SENTENCE}},
    "sentences": {"summary": "Several texts", "value": {"inputs": [SENTENCE, "Total 11.90 EUR"]}},
    "words": {"summary": "Words with their boxes", "value": {"inputs": RECEIPT}},
}


Box = tuple[float, float, float, float]
_Length = Annotated[float, msgspec.Meta(gt=0, le=1e6)]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a page, with a box each in the page's units: x0, y0, x1, y1 from the top left."""

    words: list[Annotated[str, msgspec.Meta(max_length=10_000)]]
    boxes: list[Box]
    width: _Length
    height: _Length


class PredictRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text, words with boxes, or a list of either.

    Not of pydantic, as the answers are: it makes all of a body into Python values before it looks at the first, up to
    200 bytes for each of the body's.
    """

    inputs: str | Words | list[str | Words]


def request_schemas(ref_template: str) -> dict[str, Any]:
    """The JSON schemas of a request and its parts, by their names.

    Args:
        ref_template: how one refers to another; it holds `{name}`.
    """
    schemas = msgspec.json.schema_components([PredictRequest], ref_template=ref_template)[1]
    schemas["Words"]["examples"] = [RECEIPT]
    return schemas


class FieldValue(BaseModel):
    """A value that was read."""

    value: str  # as it is printed
    normalised: str | None
    confidence: float = Field(ge=0, le=1, description="Calibrated, where the model's run measured it.")
    page: int | None = Field(description="From 1; null where the value is printed nowhere.")
    box: tuple[float, float, float, float] | None = Field(description="x0, y0, x1, y1 in the page's units.")
    words: list[str]
    source: str = Field(description="`model`, or from where the value is known, such as `e-invoice`.")
    second_opinion: str | None = Field(default=None, description="What the model reads, where that is another value.")
    warnings: list[str] = []


class Refused(BaseModel):
    """A text that was read as a field, but is no value of it."""

    field: str
    value: str
    reason: str


class Score(BaseModel):
    """What the model takes one word for (`raw_scores=true`)."""

    word: str
    page: int
    label: str
    score: float


class Problem(BaseModel):
    """Why there is no prediction."""

    type: str = Field(examples=["unreadable"])
    message: str
    remedy: str
    request_id: str = ""


class Prediction(BaseModel):
    """What was read on a document: its fields, or its class."""

    document: str
    fields: dict[str, FieldValue] | None = None
    refused: list[Refused] = []
    class_: str | None = Field(default=None, alias="class")
    classes: list[str] | None = Field(default=None, description="All that are likely, where it can have several.")
    probabilities: dict[str, float] | None = None
    warnings: list[str] = []
    scores: list[Score] | None = None
    error: Problem | None = Field(default=None, description="Of a document among several: why it has no prediction.")


class PredictResponse(BaseModel):
    """The predictions, one a document, in the order in which they were sent."""

    model: str
    version: str
    request_id: str
    seconds: float
    documents: list[Prediction]


class Health(BaseModel):
    """Whether requests are answered."""

    status: str = Field(examples=["ready"])


class FieldInfo(BaseModel):
    """A field that the model reads."""

    id: str
    name: str
    type: str


class Info(BaseModel):
    """The model, and how this server runs it."""

    model: str
    version: str
    program: str
    task: str = Field(description="`tokens`: it reads fields; `classes`: it says what a document is.")
    family: str
    base: str
    licence: str
    fields: list[FieldInfo] = []
    classes: list[str] = []
    figures: dict[str, float | None] = {}
    device: str
    precision: str
    runtime: str = Field(default="torch", description="What computes: `torch`, or `onnx` where that is faster here.")
    onnx_speed: float | None = Field(
        default=None,
        description="How many times as fast as `torch` the ONNX form was at the warm-up; null without.",
    )
    warm_up_seconds: float
    limits: dict[str, float]
    keeps: str = Field(description="What becomes of what is sent.")

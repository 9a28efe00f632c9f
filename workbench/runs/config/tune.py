"""The settings of a run, each declared once: its type, range and default, and what an analyst should know of it.

The form, the command line's --set, the YAML file and the documentation are all made from these declarations.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from workbench.runs.config import families


class Group(StrEnum):
    """The handbook's order of tuning: from what gains most to what gains least and costs most."""

    BASE = "1 Baseline"
    RATE = "2 Learning rate and batch"
    DATA = "3 Length and augmentation"
    REGULARISATION = "4 Regularisation"
    STRUCTURE = "5 Structure"
    RUN = "6 Evaluation and the machine"


def _setting(
    default: Any,
    group: Group,
    title: str,
    does: str,
    when: str = "",
    risk: str = "",
    *,
    basic: bool = False,
    choices: Sequence[str] = (),
    **limits: Any,
) -> Any:
    extra: dict[str, Any] = {"group": group, "when": when, "risk": risk, "basic": basic, "choices": list(choices)}
    if callable(default):
        return Field(default_factory=default, title=title, description=does, json_schema_extra=extra)
    return Field(default=default, title=title, description=does, json_schema_extra=extra, **limits)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


_NEW_MODEL = "Builds a new model: the pretrained weights no longer fit, so it needs far more documents and epochs."


def _known_family(name: str) -> str:
    if name not in families.FAMILIES:
        raise PydanticCustomError(
            "unknown_family", "choose one of {families}", {"families": ", ".join(families.FAMILIES)}
        )
    return name


class Model(_Section):
    """Which model is fine-tuned, and its structure."""

    task: Literal["tokens", "classes"] = _setting(
        "tokens", Group.BASE, "Task",
        "What is learned: the fields on the words of a page, or what a whole document or text is.",
        "Classes where the documents have a class field, such as a type or an account.",
    )  # fmt: skip
    class_field: str = _setting(
        "", Group.BASE, "Class field",
        "Used by classes: the id of the field that is learned; empty where there is only one.",
    )  # fmt: skip
    family: Annotated[str, AfterValidator(_known_family)] = _setting(
        "starter", Group.BASE, "Family",
        "The kind of model: what it looks at (words, boxes, picture) and how large it is.",
        "The starter for a first model and without a GPU; LayoutLMv3 with one; text as a cross-check.",
        "The weights' licence may forbid commercial use; it is shown beside the name.",
        basic=True, choices=tuple(families.FAMILIES),
    )  # fmt: skip
    name: str = _setting(
        "", Group.BASE, "Base",
        "Hub name or local folder of the pretrained weights; empty takes the family's own base.",
        "A folder where there is no network, or to go on from a model of yours.",
        basic=True,
    )  # fmt: skip
    carry_head: bool = _setting(
        True, Group.BASE, "Keep what the base knows",
        "Starts your fields from the rows of the base's head that mean the same, by id or by type.",
        "Off to compare with a head that starts from nothing.",
    )  # fmt: skip
    head_map: dict[str, str] = _setting(
        dict, Group.BASE, "Fields mapped by hand",
        "Your field's id: the base's field it starts from. Goes before the mapping by name and type.",
    )  # fmt: skip
    head_start: Literal["random", "regression"] = _setting(
        "random", Group.BASE, "Head of classes begins",
        "With random weights, or as logistic regression on what the encoder, not trained yet, says of the training "
        "documents.",
        "Regression where an epoch or two have to be enough: the layers below are not pulled about by a head that "
        "knows nothing.",
        "Reads the training documents once more before the first step.",
    )  # fmt: skip
    added_tokens: list[str] = _setting(
        list, Group.STRUCTURE, "Own tokens",
        "Special tokens such as <AMT> that the tokenizer keeps whole; the embeddings grow by them.",
        "Symbols of your documents that the tokenizer tears apart.",
        "New embeddings start at the mean of the others and need a small learning rate and more epochs.",
    )  # fmt: skip
    vocab_size: int | None = _setting(
        None, Group.STRUCTURE, "Vocabulary size",
        "How many pieces of words the model knows.",
        "Mostly Chinese or other languages with a tokenizer of your own.",
        f"{_NEW_MODEL} What it learnt about words is lost.",
        ge=100, le=1_000_000,
    )  # fmt: skip
    hidden_size: int | None = _setting(
        None, Group.STRUCTURE, "Hidden size",
        "The width of the model; must be a multiple of the heads.",
        "From about 100,000 pages on: 768 to 1024, heads in step.",
        f"{_NEW_MODEL} Overfits small data; wants a longer warmup.",
        ge=8, le=8192,
    )  # fmt: skip
    num_hidden_layers: int | None = _setting(
        None, Group.STRUCTURE, "Layers",
        "The depth of the model.",
        "Many layouts and languages: 16 or 24, with a large batch, a small learning rate and checkpointing.",
        f"{_NEW_MODEL} Unstable without warmup, clipping and a smaller learning rate.",
        ge=1, le=96,
    )  # fmt: skip
    num_attention_heads: int | None = _setting(
        None, Group.STRUCTURE, "Attention heads",
        "How many relations a layer looks at side by side.",
        "Only together with the hidden size.",
        _NEW_MODEL,
        ge=1, le=256,
    )  # fmt: skip
    max_position_embeddings: int | None = _setting(
        None, Group.STRUCTURE, "Positions",
        "The longest window the model can take, in tokens.",
        "The last resort, after merging lines and sliding windows: 768 or 1024.",
        f"{_NEW_MODEL} Time and memory grow with the square.",
        ge=16, le=16384,
    )  # fmt: skip
    type_vocab_size: int | None = _setting(
        None, Group.STRUCTURE, "Segment types",
        "How many kinds of segment the model tells apart.",
        "To mark header, body and table; otherwise leave it.",
        f"{_NEW_MODEL} The types must be learnt anew.",
        ge=1, le=64,
    )  # fmt: skip
    classifier_dropout: float | None = _setting(
        None, Group.REGULARISATION, "Dropout of the head",
        "The share of the head's inputs left out at random in training; empty: as in the base.",
        "0.2 to 0.3 when training F1 runs away from validation F1.",
        "Costs time on a CPU.",
        basic=True, ge=0.0, lt=1.0,
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _family_of_name(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "family" in data:
            return data
        if data.get("name"):
            return {**data, "family": families.infer(str(data["name"]))}
        if data.get("task") in families.DEFAULTS:
            return {**data, "family": families.DEFAULTS[data["task"]]}
        return data

    @property
    def structure(self) -> dict[str, int]:
        """The structural settings that were set; a value that differs from the base's builds a new model."""
        names = (
            "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
            "max_position_embeddings", "type_vocab_size",
        )  # fmt: skip
        return {name: value for name in names if (value := getattr(self, name)) is not None}


class Train(_Section):
    learning_rate: float = _setting(
        5e-5, Group.RATE, "Learning rate",
        "How far one step moves the weights. The first setting to turn.",
        "5e-5 or 3e-5 on small data, 3e-5 to 1e-5 on more; it rises with the effective batch. "
        "The small starter takes more: about 1e-4.",
        "Too high: the loss jumps and validation falls behind. Too low: late convergence.",
        basic=True, gt=0, le=0.1,
    )  # fmt: skip
    per_device_train_batch_size: int = _setting(
        4, Group.RATE, "Batch on a device",
        "Windows worked on at once. Effective batch = this × devices × accumulation.",
        "As much as the memory holds.",
        "Too much ends in out-of-memory; the run may then halve it by itself.",
        basic=True, ge=1, le=4096,
    )  # fmt: skip
    gradient_accumulation_steps: int = _setting(
        1, Group.RATE, "Accumulation",
        "Batches added up before one step: a larger effective batch in the same memory.",
        "For an effective batch of 32–64 on small data, 128–512 at scale.",
        "Fewer steps an epoch; raise the learning rate or the epochs with it.",
        basic=True, ge=1, le=4096,
    )  # fmt: skip
    num_train_epochs: float = _setting(
        15, Group.RATE, "Epochs",
        "Passes over the training documents.",
        "10–30 on small data, 6–12 on medium, 3–8 on large; early stopping ends it sooner.",
        "Too many overfit when nothing stops them.",
        basic=True, gt=0, le=1000,
    )  # fmt: skip
    max_steps: int = _setting(
        -1, Group.RATE, "Steps at most", "Ends the run after so many steps; −1: the epochs decide.",
        "For short trials.", ge=-1,
    )  # fmt: skip
    warmup_ratio: float = _setting(
        0.1, Group.RATE, "Warmup",
        "The share of all steps in which the learning rate rises from nothing.",
        "0.06–0.1; 0.1–0.2 for long runs, big models, or slow convergence on small data.",
        "None at all makes the first steps wild.",
        ge=0.0, lt=1.0,
    )  # fmt: skip
    warmup_steps: int = _setting(
        0, Group.RATE, "Warmup in steps", "The same as a number of steps; goes before the share when above 0.", ge=0,
    )  # fmt: skip
    lr_scheduler_type: Literal[
        "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
        "inverse_sqrt", "reduce_lr_on_plateau",
    ] = _setting(
        "linear", Group.RATE, "Schedule",
        "How the learning rate falls after the warmup.",
        "Linear first; cosine is smoother on long runs, polynomial decays harder at the end.",
        "Linear can oscillate where cosine does not.",
    )  # fmt: skip
    max_grad_norm: float = _setting(
        1.0, Group.RATE, "Gradient clipping", "Longer gradients are shortened to this; 0 turns it off.",
        "Leave it at 1; lower when the loss jumps.", ge=0.0, le=1000,
    )  # fmt: skip
    optim: Literal["adamw", "adamw_then_sgd", "sgd", "adafactor"] = _setting(
        "adamw", Group.RATE, "Optimiser",
        "The rule that turns gradients into steps.",
        "AdamW; AdamW first and plain SGD after k steps can settle in a flatter place on long runs; "
        "Adafactor saves memory.",
        "SGD needs a learning rate of its own, far larger than AdamW's.",
    )  # fmt: skip
    sgd_after_steps: int = _setting(
        500, Group.RATE, "AdamW for the first k steps", "Used by adamw_then_sgd: the step at which SGD takes over.",
        ge=1,
    )  # fmt: skip
    sgd_learning_rate: float = _setting(
        1e-2, Group.RATE, "Learning rate of SGD",
        "Used by adamw_then_sgd; falls along the same schedule.", gt=0, le=10,
    )  # fmt: skip
    sgd_momentum: float = _setting(0.9, Group.RATE, "Momentum of SGD", "How much of the last step is kept.", ge=0, lt=1)
    adam_beta1: float = _setting(0.9, Group.RATE, "Adam β1", "Memory of the gradient's mean.", ge=0, lt=1)
    adam_beta2: float = _setting(0.999, Group.RATE, "Adam β2", "Memory of the gradient's size.", ge=0, lt=1)
    adam_epsilon: float = _setting(1e-8, Group.RATE, "Adam ε", "Keeps a division from zero.", gt=0, le=1)
    weight_decay: float = _setting(
        0.01, Group.REGULARISATION, "Weight decay", "Pulls weights towards zero at every step.",
        "0.01; more when overfitting.", basic=True, ge=0.0, le=1.0,
    )  # fmt: skip
    freeze: Literal["none", "head_only", "lowest", "gradual"] = _setting(
        "none", Group.REGULARISATION, "Freezing",
        "Which weights stay as they are: none; all but the head; the embeddings and the lowest layers; or "
        "layers thawing one after the other from the top.",
        "Head only on very little data; the lowest 3–6 layers early on small data.",
        "Frozen layers cannot learn your layout.",
    )  # fmt: skip
    freeze_layers: int = _setting(
        3, Group.REGULARISATION, "Frozen layers", "How many layers, counted from the bottom, freezing `lowest` holds.",
        ge=0, le=96,
    )  # fmt: skip
    unfreeze_after_epochs: float = _setting(
        0, Group.REGULARISATION, "Thaw after epochs",
        "Everything learns from this epoch on; 0: never. With gradual freezing, one more layer each so many epochs.",
        ge=0, le=1000,
    )  # fmt: skip
    back_to_start: float = _setting(
        0.0, Group.REGULARISATION, "Back to the start",
        "Of classes: when the training is over, all weights go this share of the way back to those that they began "
        "with. It is one model all the same.",
        "0.5 together with a head that begins as regression, where few epochs overfit.",
        "With a random head the way back leads to guessing.", ge=0.0, le=1.0,
    )  # fmt: skip
    cut: Literal["half", "f1", "recall"] = _setting(
        "half", Group.RUN, "Cut between two classes",
        "Where to decide for one of two classes: at a probability of a half, or where F1 or recall, as the mean over "
        "both classes, is best on validation. The head's bias is moved, so that it is at a half afterwards.",
        "One class is rare and missed: recall, by which both count alike; f1 for a balance with false alarms.",
        "Probabilities then say on which side of the cut a document is, not how often such documents are right.",
    )  # fmt: skip
    fp16: bool | None = _setting(
        None, Group.RUN, "fp16", "Half precision with loss scaling; empty: the device decides.", "GPUs without bf16.",
        "Impossible on a CPU.",
    )  # fmt: skip
    bf16: bool | None = _setting(
        None, Group.RUN, "bf16", "Half precision with the full range; empty: used where the device is fast at it.",
        "Leave it empty.", "Slow on CPUs without the instructions for it.",
    )  # fmt: skip
    device: Literal["auto", "cpu", "cuda", "mps"] = _setting(
        "auto", Group.RUN, "Device", "Where the model is trained; auto takes a GPU where there is one.",
    )  # fmt: skip
    gradient_checkpointing: bool = _setting(
        False, Group.RUN, "Gradient checkpointing",
        "Computes activations twice instead of keeping them: less memory, a third more time.",
        "Out of memory, or a large model.",
    )  # fmt: skip
    per_device_eval_batch_size: int = _setting(
        16, Group.RUN, "Batch in evaluation", "Windows predicted at once.", ge=1, le=4096,
    )  # fmt: skip
    retry_on_oom: bool = _setting(
        True, Group.RUN, "Retry when memory runs out",
        "On a GPU: halve the batch, double the accumulation and go on, with a note in the run.",
    )  # fmt: skip
    eval_strategy: Literal["steps", "epoch"] = _setting(
        "epoch", Group.RUN, "Evaluate by", "When the figures on validation are taken.",
        "Steps for small data, epochs for large.",
    )  # fmt: skip
    eval_steps: int = _setting(
        500, Group.RUN, "Steps between evaluations",
        "Used with `steps`; never less often than once an epoch on short runs.", ge=1,
    )  # fmt: skip
    save_steps: int = _setting(
        500, Group.RUN, "Steps between checkpoints",
        "A run that is killed loses at most the work since the last one.",
        risk="With the best model kept at the end, a whole multiple of the steps between evaluations.", ge=1,
    )  # fmt: skip
    save_total_limit: int = _setting(
        2, Group.RUN, "Checkpoints kept", "The newest ones; the best one is kept besides.", ge=1, le=100,
    )  # fmt: skip
    load_best_model_at_end: bool = _setting(
        True, Group.RUN, "Keep the best", "The model of the best evaluation is the result, not the last one.",
    )  # fmt: skip
    metric_for_best_model: Literal["f1", "loss"] = _setting(
        "f1", Group.RUN, "Best by", "The figure on validation that decides; a tie in F1 goes to the lower loss.",
    )  # fmt: skip
    early_stopping_patience: int = _setting(
        5, Group.RUN, "Early stopping", "Ends the run after so many evaluations without a better one; 0: never.",
        "On; raise it when validation F1 jumps about.", basic=True, ge=0, le=1000,
    )  # fmt: skip
    early_stopping_threshold: float = _setting(
        0.0, Group.RUN, "Better by at least", "Smaller gains do not count for early stopping.", ge=0, le=1,
    )  # fmt: skip
    logging_steps: int = _setting(10, Group.RUN, "Steps between log lines", "How often the curves get a point.", ge=1)
    train_sample: int = _setting(
        50, Group.RUN, "Training documents evaluated",
        "A fixed sample whose figures are shown beside validation's: the gap between the two tells overfitting. While "
        "the run trains, no more of it than there are validation documents (at least 10).",
        ge=0, le=10_000,
    )  # fmt: skip
    engine: Literal["trainer", "loop"] = _setting(
        "trainer", Group.RUN, "Engine",
        "Who takes the steps: the Trainer of transformers, or a loop of this program over accelerate. "
        "With the same seed both give the same losses.",
        "Leave it; `--grid train.engine=trainer,loop` compares the two.",
        "The loop is one process: no DeepSpeed, no FSDP.",
    )  # fmt: skip
    processes: int = _setting(
        1, Group.RUN, "Processes",
        "So many train the run together, each on a GPU of its own; on a CPU they share its cores. Each takes the "
        "batch: the effective one is so many times as large.",
        "As many as there are GPUs, for a large model or much data.",
        "Needs the engine `trainer`.", ge=1, le=1024,
    )  # fmt: skip
    seed: int = _setting(
        42, Group.RUN, "Seed", "Same seed, same data, same machine: same run. Try three before you believe 0.02.",
        basic=True, ge=0, le=2**31 - 1,
    )  # fmt: skip
    deepspeed: str = _setting(
        "", Group.RUN, "DeepSpeed", "Path of a DeepSpeed configuration: ZeRO 1 or 2 divides the optimizer's state.",
        "With `processes` above 1.",
        "One process trains without, and a note says so.",
    )  # fmt: skip
    fsdp: str = _setting(
        "", Group.RUN, "FSDP", "Sharding for many GPUs, such as `full_shard auto_wrap`.",
        "With `processes` above 1.",
        "One process trains without, and a note says so.",
    )  # fmt: skip
    fsdp_config: str = _setting("", Group.RUN, "FSDP file", "Path of an FSDP configuration.")
    report_to: list[str] = _setting(
        list, Group.RUN, "Report to", "tensorboard, wandb, mlflow, trackio … where they are installed.",
    )  # fmt: skip
    push_to_hub: bool = _setting(
        False, Group.RUN, "Upload the model",
        "Once the run has finished, uploads its model to the Hugging Face Hub (or to HF_ENDPOINT): weights, tokenizer, "
        "the names of fields or classes, and a model card with figures. Never documents, their words or pictures.",
        "To hand the model on. `workbench runs push` does it later, for a run that you have looked at.",
        "The model leaves this machine. It was fitted to your documents, and may show what it saw often.",
    )  # fmt: skip
    hub_model_id: str = _setting(
        "", Group.RUN, "Upload to", "Used by the upload: owner/name on the Hub. It is made where it does not exist.",
    )  # fmt: skip
    hub_private_repo: bool = _setting(
        True, Group.RUN, "Upload as private",
        "Only you and your organisation see the model there. Where it exists and all can see it, nothing is uploaded.",
        "Off for a model that all may have.",
    )  # fmt: skip


class Regularization(_Section):
    """What keeps the model from learning the training documents by heart."""

    hidden_dropout_prob: float | None = _setting(
        None, Group.REGULARISATION, "Dropout", "The share of activations left out at random; empty: as in the base.",
        "0.2 when overfitting; 0 for a quick model on a CPU, where it costs a third of a step.",
        basic=True, ge=0.0, lt=1.0,
    )  # fmt: skip
    attention_probs_dropout_prob: float | None = _setting(
        None, Group.REGULARISATION, "Dropout of attention",
        "The share of attention left out at random; empty: as in the base.",
        "0.15–0.2 on small or single-template data.",
        "Too much hurts the alignment of words and page.", ge=0.0, lt=1.0,
    )  # fmt: skip
    label_smoothing_factor: float = _setting(
        0.0, Group.REGULARISATION, "Label smoothing", "Takes so much belief from the right label and spreads it.",
        "0.05–0.1 where words without a field dominate.",
        "Confidences become too low; calibrate before you rely on them.", basic=True, ge=0.0, lt=1.0,
    )  # fmt: skip
    loss: Literal["cross_entropy", "focal"] = _setting(
        "cross_entropy", Group.REGULARISATION, "Loss", "Focal gives easy words less weight than hard ones.",
        "When words without a field drown the others and class weights do not help.",
    )  # fmt: skip
    focal_gamma: float = _setting(
        1.0, Group.REGULARISATION, "Focal γ", "How strongly easy words are played down.", "1 to 2.", ge=0, le=10,
    )  # fmt: skip
    class_weights: Literal["none", "inverse"] | dict[str, float] = _setting(
        "none", Group.REGULARISATION, "Class weights",
        "What a mistake costs by label: the same for all, by inverse frequency, or by hand ({O: 0.3, iban: 2}).",
        "Rare fields are missed: inverse, or a lower weight for O.",
        "Strong weights make the model see fields everywhere.",
    )  # fmt: skip


class Data(_Section):
    """What the model gets to see of a document."""

    max_length: int = _setting(
        512, Group.DATA, "Window",
        "Pieces of words (tokens) that the model reads at once; a longer page is read in overlapping parts.",
        "As long as the model allows when headers and values stand far apart; shorter when memory is short.",
        "Time and memory grow faster than the length.", basic=True, ge=8, le=16384,
    )  # fmt: skip
    window_stride: int = _setting(
        64, Group.DATA, "Overlap", "Tokens that neighbouring windows share, so that nothing is cut at an edge.",
        "64; more when long values are cut.", ge=0, le=16384,
    )  # fmt: skip
    long_texts: Literal["windows", "head_and_tail"] = _setting(
        "windows", Group.DATA, "Long texts",
        "Of what a whole text or document is: read all of its windows, or its first and its last one alone.",
        "head_and_tail where texts are many windows long and their beginning and end say what they are.",
        "What stands between is not read: the share of such texts is shown as cut.",
    )  # fmt: skip
    bbox_norm: Literal[1000] = _setting(
        1000, Group.DATA, "Box units", "Boxes are thousandths of the page. All these models were pretrained so.",
    )  # fmt: skip
    boxes: Literal["words", "lines"] = _setting(
        "words", Group.DATA, "Boxes of", "Each word's own box, or the box of the OCR line it stands on.",
        "Lines can help LayoutLMv3, which was pretrained on segments.", "Words of a line are told apart by order only.",
    )  # fmt: skip
    merge_lines: bool = _setting(
        False, Group.DATA, "Merge torn numbers",
        "Pieces of one number or amount on the same line (1, 234 . 00) enter the model as one word.",
        "OCR that is too fine; values cut or lost.",
    )  # fmt: skip
    reading_order: Literal["given", "geometric"] = _setting(
        "given", Group.DATA, "Reading order", "As imported, or by lines from top to bottom and left to right.",
        "Geometric when the import's order is jumbled: models fall by 10 points in a wrong order.",
    )  # fmt: skip
    similar_length: bool = _setting(
        True, Group.DATA, "Batches of similar length", "Puts windows of similar length together: less padding.",
    )  # fmt: skip
    max_train_documents: int | None = _setting(
        None, Group.DATA, "Training documents at most",
        "Takes only so many, whole vendors in an order set by the seed: for learning curves.", ge=1,
    )  # fmt: skip


class Augmentation(_Section):
    """Harmless changes to training documents, drawn anew in every epoch. Each number is a chance from 0 to 1."""

    header_synonyms: float = _setting(
        0.0, Group.DATA, "Other header words",
        "How often a caption on a training page is worded as other vendors do (Total, Amount Due, 合计).",
        "New vendors word things differently.", basic=True, ge=0, le=1,
    )  # fmt: skip
    party_names: float = _setting(
        0.0, Group.DATA, "Party names", "Chance that the name of a seller or buyer is made of other names' words.",
        "Few vendors have many of the documents: their names are learned by heart, and new ones missed.", basic=True,
        ge=0, le=1,
    )  # fmt: skip
    currency_forms: float = _setting(
        0.0, Group.DATA, "Currency forms", "Chance that a currency is written otherwise (EUR, €; CNY, RMB, ¥).",
        "Currencies are missed or confused.", ge=0, le=1,
    )  # fmt: skip
    number_formats: float = _setting(
        0.0, Group.DATA, "Number formats", "Chance that a number's separators change (1,000 / 1000 / 1.000,00).",
        "Documents from several countries.", ge=0, le=1,
    )  # fmt: skip
    ocr_noise: float = _setting(
        0.0, Group.DATA, "OCR noise", "Chance that a word gets a reading error (0/O, 1/l, rn/m).",
        "Scans and photographs.", "More than 0.05 teaches nonsense.", ge=0, le=0.2,
    )  # fmt: skip
    box_jitter: float = _setting(
        0.0, Group.DATA, "Words moved",
        "Words of training pages stand a little elsewhere each time: up to so many thousandths of the page.",
        "Few templates: 3–10.", basic=True, ge=0, le=50,
    )  # fmt: skip
    rotation: float = _setting(
        0.0, Group.DATA, "Rotation", "The page (boxes, picture) turns by up to so many degrees.", "Photographs: 1–2.",
        "Never strong.", ge=0, le=5,
    )  # fmt: skip
    blur: float = _setting(
        0.0, Group.DATA, "Blur", "The picture is softened by up to so many pixels (families that see it).",
        "Photographs: 0.5–1.", "Never strong.", ge=0, le=3,
    )  # fmt: skip

    @property
    def active(self) -> bool:
        """Whether anything is changed at all."""
        return any(value > 0 for value in self.model_dump().values())


class TuneConfig(_Section):
    """All of a run's settings: model, train, regularization, data, augmentation."""

    model: Model = Field(default_factory=Model)
    train: Train = Field(default_factory=Train)
    regularization: Regularization = Field(default_factory=Regularization)
    data: Data = Field(default_factory=Data)
    augmentation: Augmentation = Field(default_factory=Augmentation)

    def kept_here(self) -> Self:
        """The same settings, without an upload of the model when the run has finished."""
        return self.model_copy(update={"train": self.train.model_copy(update={"push_to_hub": False})})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for problem in self._contradictions():
            raise ValueError(problem)
        return self

    def _moves_of_classes(self) -> list[str]:
        """The settings by which weights of a class model are set or moved outside of its training's steps."""
        set_ones = {
            "model.head_start": self.model.head_start != "random",
            "train.back_to_start": self.train.back_to_start > 0,
            "train.cut": self.train.cut != "half",
        }
        return [name for name, is_set in set_ones.items() if is_set]

    def _contradictions(self) -> list[str]:
        model, train, data = self.model, self.train, self.data
        base = families.base(model.family, model.name)
        problems = []
        if model.task not in families.spec(model.family).tasks:
            able = [name for name, spec in families.FAMILIES.items() if model.task in spec.tasks]
            problems.append(f"model.family {model.family} does not learn {model.task}: {', '.join(able)} do.")
        if data.long_texts != "windows" and model.task != "classes":
            problems.append("data.long_texts is for classes: fields are looked for in every window of a page.")
        if moved := self._moves_of_classes():
            if model.task != "classes":
                problems.append(f"{moved[0]} is for classes: fields on words are learned without.")
            elif model.family == "baseline":
                problems.append(f"{moved[0]} is for an encoder: the baseline is a regression by itself.")
            elif train.fsdp or train.deepspeed:
                problems.append(f"{moved[0]} needs the whole model in one place: leave train.fsdp and train.deepspeed.")
        if train.fp16 and train.bf16:
            problems.append("train.fp16 and train.bf16 cannot both be on: choose one, or leave both empty.")
        if train.fp16 and train.device == "cpu":
            problems.append("train.fp16 does not work on a CPU: leave it empty, or use train.bf16.")
        if data.window_stride >= data.max_length - 2:
            problems.append(
                f"data.window_stride ({data.window_stride}) must be smaller than data.max_length − 2 "
                f"({data.max_length - 2}): windows that overlap wholly never get to the end of a page."
            )
        positions = model.max_position_embeddings or (base.positions if base else None)
        if positions and data.max_length > positions:
            problems.append(
                f"data.max_length ({data.max_length}) is more than the model's {positions} positions: longer pages "
                f"become windows by themselves, so {positions} is enough (model.max_position_embeddings builds "
                "a longer model)."
            )
        hidden = model.hidden_size or (base.hidden if base else None)
        heads = model.num_attention_heads or (base.heads if base else None)
        if hidden and heads and hidden % heads:
            fitting = [n for n in range(1, 65) if hidden % n == 0 and abs(n - heads) <= heads]
            problems.append(
                f"model.hidden_size ({hidden}) is not a multiple of model.num_attention_heads ({heads}): "
                f"heads that fit are {', '.join(map(str, fitting))}."
            )
        if hidden and hidden % 24 and model.family in ("lilt", "layoutlmv3") and model.hidden_size:
            problems.append(
                f"model.hidden_size ({hidden}) must be a multiple of 24 for {model.family}: boxes take a sixth each."
            )
        steps = train.eval_strategy == "steps" and train.load_best_model_at_end
        if steps and train.save_steps % train.eval_steps:
            problems.append(
                f"train.save_steps ({train.save_steps}) must be a multiple of train.eval_steps ({train.eval_steps}) "
                "when the best model is kept: what was not saved cannot be the result."
            )
        return problems

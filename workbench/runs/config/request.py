"""`request.yaml`: what a run folder's worker is asked to do."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from storage.exceptions import ConfigProblem
from workbench.fields import Field as SchemaField
from workbench.fields import FieldType
from workbench.runs.config import files, safe_yaml
from workbench.runs.config.tune import TuneConfig
from workbench.runs.state import RunFolder

_COPY = "Start the run anew, or copy the whole folder."
_MOST_BYTES = 16 << 20  # a class field with a hundred thousand options has less


class FieldSpec(BaseModel):
    """One field of the schema as the worker knows it."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: str
    name: str = ""
    type: FieldType = FieldType.TEXT
    aliases: tuple[str, ...] = ()
    options: tuple[str, ...] = ()  # of a class field
    multiple: bool = False

    @classmethod
    def of(cls, field: SchemaField) -> "FieldSpec":
        return cls(
            id=field.id, name=field.name, type=field.type, aliases=field.aliases, options=field.options,
            multiple=field.multiple,
        )  # fmt: skip

    @property
    def field(self) -> SchemaField:
        """The field, as far as reading a document goes: without key and colour."""
        return SchemaField(self.id, self.name, self.type, "", "", self.aliases)


class Request(BaseModel):
    """`request.yaml`: all that a run folder's worker is asked to do."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    run: str
    name: str = ""  # of the run, for people and trackers
    fields: list[FieldSpec]
    config: TuneConfig = Field(default_factory=TuneConfig)
    task: Literal["train", "score", "predict"] = "train"
    model: str = ""  # score and predict: the model folder; "" is the run's own model/
    threads: int | None = Field(default=None, ge=1)  # CPU threads of a process; None: all cores, shared
    niceness: int = Field(default=10, ge=0, le=19)
    preset: str = ""
    parent: str = ""  # the run that this one was cloned from
    rival: str = ""  # "starter" or a model folder: the run counts only if it is better; "": however it ends
    rules: dict[str, bool] = Field(default_factory=dict)  # repair rules switched on or off by hand
    engines: dict[str, str] = Field(default_factory=dict)  # OCR engine: version, of the documents' words
    fingerprint: str = ""  # of the frozen data
    reads_test: bool = True  # False: of a search, whose test side only the best of its runs reads, at the end
    explains: bool = True  # a run of classes says which words speak for what was wrong; it takes seconds

    @model_validator(mode="after")
    def _a_class_run_has_one_field(self) -> Self:
        if self.config.model.task == "classes" and len(self.fields) != 1:
            raise ValueError(f"a run of classes learns one field, and this has {len(self.fields)}")
        return self

    @property
    def measured_on(self) -> tuple[str, ...]:
        """The sides that the model reads by itself to be measured."""
        return ("validation", "test") if self.reads_test else ("validation",)

    @classmethod
    def read(cls, folder: Path) -> "Request":
        """The request of a run folder.

        Raises:
            ConfigProblem: there is none, or it cannot be used.
        """
        path = RunFolder(folder).request
        if path.exists() and not path.is_file():
            raise ConfigProblem(f"{path} is no regular file.", "Copy the whole folder again.")
        if path.exists() and path.stat().st_size > _MOST_BYTES:
            raise ConfigProblem(f"{path} has {path.stat().st_size / 1e6:,.0f} MB: that is no request.", _COPY)
        try:
            return _parsed(path.read_text(encoding="utf-8"), path)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigProblem(f"{path} cannot be read: {error}", _COPY) from error

    def text(self) -> str:
        """The YAML for `request.yaml`."""
        return files.to_yaml(self.model_dump(mode="json"))

    def public_text(self) -> str:
        """The same for others to read."""
        return files.to_yaml(without_places(self.model_dump(mode="json")))


def without_places(data: Any) -> Any:
    """Data of JSON in which files and folders of this machine have their names alone: a path tells whose it is."""
    if isinstance(data, dict):
        return {key: without_places(value) for key, value in data.items()}
    if isinstance(data, list):
        return [without_places(value) for value in data]
    return Path(data).name if isinstance(data, str) and Path(data).is_absolute() else data


@lru_cache(maxsize=16)  # a run's figures, its errors and its suggestions each ask for it
def _parsed(text: str, path: Path) -> Request:
    try:
        data = safe_yaml.load(text)
    except ConfigProblem as error:
        raise ConfigProblem(f"{path} cannot be read: {error}", _COPY) from error
    if not isinstance(data, dict):
        raise ConfigProblem(f"{path} holds no request.", "Start the run anew.")
    config = data.get("config") or {}
    if not isinstance(config, dict):
        raise ConfigProblem(f"{path}: config holds no settings.", "Start the run anew.")
    data["config"] = files.from_dict(config)
    try:
        return Request.model_validate(data)
    except ValidationError as error:
        raise ConfigProblem(f"{path}: {files.explain(error)}", "Start the run anew.") from error

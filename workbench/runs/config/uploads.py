"""What a run with an upload of its model (`train.push_to_hub`) needs, and what it says of it. Nothing is sent here."""

from storage.exceptions import ConfigProblem, MissingTool
from workbench.runs.config.tune import Train


def check(model_id: str, family: str) -> None:
    """See that this machine can upload a model of this family under this id, as far as that is known without asking.

    Raises:
        ConfigProblem: the id is not owner/name, or models of the family hold the words of documents.
        MissingTool: there is no token.
    """
    from huggingface_hub import get_token  # takes a while to import
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(model_id)
        is_whole = "/" in model_id
    except HFValidationError:
        is_whole = False
    if not is_whole:
        raise ConfigProblem(
            f"A model is uploaded as owner/name, and this is {model_id[:100]!r}.",
            "Write it so: --set train.hub_model_id=my-company/invoices (or: workbench runs push RUN --to …).",
        )
    if family == "baseline":
        raise ConfigProblem(
            "A baseline consists of the words of your documents: it is not uploaded.",
            "Upload a model of another family, or give this one away by hand: workbench runs export RUN FOLDER",
        )
    if not get_token():
        raise MissingTool(
            "To upload the model, a token of the Hugging Face Hub is needed, and this machine has none.",
            "Log in with `hf auth login`, or set HF_TOKEN; or leave train.push_to_hub off.",
        )


def note(train: Train, *, by_itself: bool) -> str:
    """What a run with an upload says of it before it begins.

    Args:
        train: its settings.
        by_itself: it uploads the model when it has finished.
    """
    if not by_itself:
        return (
            "Runs of a group and runs on another machine upload nothing by themselves. For the one that you choose: "
            f"workbench runs push RUN --to {train.hub_model_id}"
        )
    visibility = "private" if train.hub_private_repo else "public"
    return f"When this run has finished, its model is uploaded to {train.hub_model_id} ({visibility})."

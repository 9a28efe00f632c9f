"""The commands, one module each. To add one: a module with a click command named `command`, and a line here."""

from importlib import import_module

import click

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (module, summary)
    "init": ("init", "Make a workspace."),
    "import": ("import_", "Bring documents, labels and values in."),
    "status": ("status", "What is in the workspace, and what is wrong with it."),
    "split": ("split", "Divide the documents into train, validation and test, by vendor."),
    "values": ("values", "Bring known values in, and see how they align."),
    "fields": ("fields", "Show and change the field schema."),
    "export": ("export", "Write documents, labels or values in another format."),
    "sample-data": ("sample_data", "Make invoices to try things on."),
    "ocr": ("ocr", "Read documents again with another OCR engine."),
    "move": ("move", "Keep the database on a server, or in the folder again."),
    "restore": ("restore", "Go back to a copy of the database."),
    "doctor": ("doctor", "What a run shows, why, and what to change next."),
    "doctor-env": ("doctor_env", "What this machine can do, and what is missing."),
    "tune": ("tune", "Fine-tune a model in the background."),
    "searches": ("searches", "Follow and stop searches for settings (tune --search)."),
    "suggest": ("suggest", "Let a model propose labels; the starter needs none to begin with."),
    "predict": ("predict", "Read files with a model."),
    "serve": ("serve", "Serve a model to other programs over HTTP."),
    "web": ("web", "Show the screens in a browser."),
    "evaluate": ("evaluate", "The figures of a model, field by field."),
    "runs": ("runs", "List, follow, stop and resume runs."),
    "queue": ("queue", "Choose the documents from which the model would learn most."),
    "rounds": ("rounds", "Rounds of the relabel loop: cost, gain, and whether another one pays."),
    "simulate": ("simulate", "Compare ways of choosing on labelled data."),
    "completion": ("completion", "The shell's completion script."),
    "demo": ("demo", "The whole loop on the sample data."),
}


def load(name: str) -> click.Command:
    """The click command of this name."""
    module = import_module(f"workbench.commands.{COMMANDS[name][0]}")
    command: click.Command = module.command
    command.name = name
    return command

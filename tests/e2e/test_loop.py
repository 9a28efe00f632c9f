"""The whole loop by the keys of the screens: label, train, be suggested to, choose, relabel, train again."""

import asyncio

import pytest

from screens.app import WorkbenchApp
from screens.queue.batch_pane import BatchPane
from screens.queue.choice_list import Rows
from screens.queue.rounds_pane import RoundsPane
from storage import document_list, documents, queue, runs
from storage.records import Annotations, RunState, Side, Source, State
from tests.support import tiny_model
from tests.support.pilots import settled
from workbench.active_learning import retraining
from workbench.active_learning.strategies.registry import DEFAULT
from workbench.annotation.editor import DocumentEditor
from workbench.exchange import pipeline
from workbench.exchange.sources import ImportRequest
from workbench.runs.config.files import from_dict
from workbench.samples.write import write_words
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """Sixteen made-up documents without labels: three for validation, the others in the pool."""
    write_words(tmp_path / "made", 16, 3, ("en",))
    opened = Workspace.create(tmp_path / "ws")
    opened.change_settings(annotator="ann", theme="dark")
    pipeline.run(opened, ImportRequest((tmp_path / "made",)))
    yield opened
    opened.close()


def gold_of(workspace):
    """The right labels, from the sample data; the documents become unlabelled."""
    gold = {}
    with workspace.db.read() as connection:
        listed = document_list.page(connection, document_list.Filter(), 0, 100)
    for number, document in enumerate(listed):
        editor = DocumentEditor(workspace, document.id)
        gold[document.id] = {span.field: span.tokens for span in editor.state.spans}
        if number >= 3:
            editor.act("clear", Annotations())
    with workspace.db.write() as connection:
        documents.regroup(connection, {d.id: f"vendor {n}" for n, d in enumerate(listed)})
        sides = {f"vendor {n}": Side.VALIDATION if n < 3 else Side.TRAIN for n in range(len(listed))}
        documents.assign_sides(connection, sides)
    return gold


async def press(pilot, *keys):
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def label(pilot, gold):
    """The open document by its keys: point at a value, press its field's key; suggestions that are right are kept."""
    session = pilot.app.mode_screen.session
    right = gold[session.content.document.id]
    for suggestion in list(session.editor.open_suggestions):
        pilot.app.mode_screen.act(lambda h, s=suggestion: h.point(s.tokens))
        await press(pilot, "enter" if right.get(suggestion.field) == suggestion.tokens else "x")
    fields = {field.id: field for field in pilot.app.workspace.schema.active}
    done = {span.field for span in session.editor.state.spans}
    for name in ("amount_total", "invoice_date"):
        if name in right and name not in done:
            session.let_go()
            session.cursor.select(right[name])
            await press(pilot, fields[name].key)
    await press(pilot, "a")


async def trained(pilot, workspace, count):
    """Until so many runs have ended and their suggestions are there; the screens go on meanwhile."""
    for _ in range(1500):
        with workspace.db.read() as connection:
            listed = runs.listed(connection)
        ended = [run for run in listed if run.state is RunState.FINISHED]
        assert not [run for run in listed if run.state in (RunState.FAILED, RunState.CRASHED)], listed
        if (
            len(ended) == count
            and (events := pilot.app.mode_screen.overview.model) is not None
            and events.id == ended[0].id
        ):
            await settled(pilot)
            return ended[0]
        await asyncio.sleep(0.1)
        await pilot.pause()
    raise AssertionError("the training never ended")


@pytest.mark.timeout(600)
async def test_two_rounds_by_keys(workspace, tmp_path, monkeypatch):
    gold = gold_of(workspace)
    base = tiny_model.base(tmp_path, "layoutlm", 512)
    config = from_dict(
        {
            "model": {"family": "layoutlm", "name": str(base)},
            "train": {
                "learning_rate": 3e-3, "num_train_epochs": 2, "per_device_train_batch_size": 4, "logging_steps": 1,
                "device": "cpu", "bf16": False,
            },
            "data": {"max_length": 256, "window_stride": 16},
        }
    )  # fmt: skip
    monkeypatch.setattr(
        retraining.presets, "preset", lambda name, device: type("P", (), {"config": config, "name": name})
    )
    app = WorkbenchApp(workspace, mode="queue")
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot)
        # a first batch, labelled in the annotate screen
        await press(pilot, "minus", "minus", "minus", "c", "enter")
        for _ in range(5):
            assert app.mode_screen.mode == "annotate"
            await label(pilot, gold)
        assert app.mode_screen.mode == "queue" and app.mode_screen.overview.complete
        with workspace.db.read() as connection:
            first = queue.listed(connection)[0]
            batch = [entry.document for entry in queue.entries(connection, first.id)]
            for number in batch:
                spans = documents.open_document(connection, number).annotations.spans
                wanted = {f: gold[number][f] for f in ("amount_total", "invoice_date") if f in gold[number]}
                assert {span.field: span.tokens for span in spans} == wanted
                assert {span.source for span in spans} <= {Source.HUMAN}
        # the first model, and what it was trained on
        await press(pilot, "t", "enter")
        run = await trained(pilot, workspace, 1)
        assert workspace.files.run(run.id).joinpath("model", "config.json").is_file()
        assert app.mode_screen.overview.model.id == run.id and app.mode_screen.overview.round is None
        # the model's view of the pool: suggested, or nearly
        await press(pilot, "minus", "c")
        with workspace.db.read() as connection:
            second = queue.listed(connection)[1]
            entries = queue.entries(connection, second.id)
        assert (second.run, second.strategy) == (run.id, DEFAULT)
        assert not {entry.document for entry in entries if not entry.blind} & set(batch)
        assert "Round 2" in str(app.mode_screen.query_one(BatchPane).query_one("#request").render())
        await press(pilot, "enter")
        for _ in entries:
            await label(pilot, gold)
        assert app.mode_screen.mode == "queue" and app.mode_screen.overview.complete
        # the second round goes on from the first model
        await press(pilot, "t", "l")
        again = await trained(pilot, workspace, 2)
        assert again.parent == run.id and again.config["model"]["name"].endswith(f"{run.id}/model")
        await press(pilot, "3")
        lines = app.mode_screen.query_one(RoundsPane).query_one(Rows)
        assert lines.option_count == 2
        with workspace.db.read() as connection:
            closed = queue.listed(connection)
            states = [documents.get(connection, entry.document).state for entry in entries]
        assert all(round_.closed for round_ in closed) and set(states) == {State.LABELLED}
        assert closed[0].figures["documents"] == 5 and closed[0].figures["labels"] >= 5

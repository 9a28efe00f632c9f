"""The keys of the queue screen and of its panes: (id, keys, action, what it does).

A pane's keys are live while it has the focus, so a letter may mean different things in different panes.
"""

Keys = tuple[tuple[str, str, str, str], ...]

SCREEN: Keys = (
    ("queue.batch", "1", "view('batch')", "The batch: what to label next, and why"),
    ("queue.review", "2", "view('review')", "Yes/no: one uncertain suggestion after the other, one key each"),
    ("queue.rounds", "3", "view('rounds')", "Rounds: what they cost, what they gained, whether to go on"),
    ("queue.quality", "4", "view('quality')", "Agreement of annotators, and what is disputed"),
    ("queue.next-view", "tab", "turn(1)", "Next view"),
    ("queue.previous-view", "shift+tab", "turn(-1)", "Previous view"),
    ("queue.train", "t", "train", "Train the next round"),
    ("queue.stop", "x", "stop", "Stop choosing or suggesting"),
)
BATCH: Keys = (
    ("batch.choose", "c", "choose", "Choose a batch"),
    ("batch.strategy", "s", "strategy", "How documents are chosen"),
    ("batch.task", "k", "task", "What documents are chosen for: the fields on words, or a class field"),
    ("batch.more", "plus,equals_sign", "size(5)", "A larger batch"),
    ("batch.fewer", "minus", "size(-5)", "A smaller batch"),
    ("batch.fields", "f", "screen.fields", "Fields in focus: only doubts about these count"),
    ("batch.label", "enter", "label", "Label the document under the cursor, then the next ones of the batch"),
    ("batch.starter", "g", "starter", "Let the starter model suggest labels, before there is a model of your own"),
    ("batch.order", "o", "order", "Live order on or off: after every label the most useful document comes next"),
    ("batch.train-after", "a", "train_after", "Train by itself after so many accepted documents, or never"),
    ("batch.close", "e", "close", "End the round; what is left goes back to the pool"),
)
REVIEW: Keys = (
    ("review.yes", "y", "answer('yes')", "Yes"),
    ("review.no", "n", "answer('no')", "No"),
    ("review.other", "w", "other", "Wrong field, or class: choose the right one"),
    ("review.later", "s", "later", "Ask later"),
    ("review.back", "b,backspace", "back", "Undo the last answer"),
    ("review.open", "o", "open_asked", "Open the document"),
    ("review.fields", "f", "screen.fields", "Ask about some fields only"),
)
QUALITY: Keys = (
    ("quality.open", "enter", "open_dispute", "Open the document"),
    ("quality.pair", "right", "pair(1)", "The fields of the next pair of annotators"),
    ("quality.pair-before", "left", "pair(-1)", "The fields of the pair before"),
    ("quality.label", "l", "settle('label')", "The label is right: settled"),
    ("quality.opinion", "o", "settle('opinion')", "The second opinion is right: it becomes the label"),
    ("quality.back", "b,backspace", "unsettle", "Undo the last decision"),
)

VIEWS = {"batch": "Batch", "review": "Yes/no", "rounds": "Rounds", "quality": "Quality"}
"""The panes by their ids, with their titles, in the order of their keys."""

"""The keys of the tune screen, and the marks of its form."""

TUNE = [
    ("run.start", "s", "start", "Start a run with these settings"),
    ("run.target", "t", "target", "Where to train: on this machine or another"),
    ("run.stop", "x", "run('stop')", "Stop the run well: checkpoint, evaluate, keep the model"),
    ("run.pause", "p", "run('pause')", "Pause the run, or go on"),
    ("run.kill", "K", "run('kill')", "End the run at once"),
    ("run.resume", "r", "run('resume')", "Go on from the last checkpoint"),
    ("run.next", "n", "next_run", "Show the next run"),
    ("run.grid", "g", "grid", "Start a grid of settings as one group"),
    ("run.search", "S", "search", "Let a search try settings, each as a run of one group"),
    ("view.live", "v", "view", "Data check or the live run"),
    ("view.chart", "c", "chart", "Next curve"),
    ("view.log", "l", "run('log')", "What the run's process printed"),
    ("form.smaller", "m", "smaller", "Use the smaller settings that are named"),
]
FORM = [
    ("form.preset", "P", "preset", "Begin with another preset"),
    ("form.all", "f", "fold", "Fold or unfold all groups"),
    ("form.reset", "backspace,delete", "reset", "Reset this setting"),
    ("form.yaml", "y", "yaml", "The settings as YAML"),
    ("form.difference", "d", "difference", "Difference to the last run"),
    ("form.load", "o", "load", "Read settings from a YAML file"),
    ("form.save", "w", "save", "Write the settings to a YAML file"),
    ("form.augmentation", "a", "augmentation", "Preview the augmentation"),
]
"""Of the form itself."""
SIGNS = [
    ("•", "changed from what the preset (or the run it was cloned from) says"),
    ("Δ", "differs from the last run"),
    ("!", "not possible; the text below says why"),
    ("▸ 3 more", "settings that seldom matter: Enter on the heading shows them"),
]

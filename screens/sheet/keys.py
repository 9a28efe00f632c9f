"""The keys of the sheet screen: (id, keys, action, what it does). The options' own keys are no bindings."""

Keys = tuple[tuple[str, str, str, str], ...]

SHEET: Keys = (
    ("sheet.accept", "enter", "accept", "Accept the suggestion of the selected texts, or of the one under the cursor"),
    ("sheet.accept-sure", "A", "accept_sure", "Accept all suggestions in view that are sure enough"),
    ("sheet.surer", "plus,equals_sign", "threshold(0.05)", "Raise the threshold for accepting suggestions together"),
    ("sheet.less-sure", "minus", "threshold(-0.05)", "Lower the threshold for accepting suggestions together"),
    ("sheet.cannot-say", "N", "cannot_say", "Cannot say"),
    ("sheet.clear", "backspace,delete", "clear", "Remove the label"),
    ("sheet.undo", "ctrl+z,Z", "undo", "Undo the last act, on all texts that it changed"),
    ("sheet.sort", "S", "sort(1)", "Sort: surest first, least sure first, like this text, as imported"),
    ("sheet.similar", "L", "similar", "Texts like the one under the cursor first"),
    ("sheet.show", "F", "show_others", "Not labelled, labelled, all texts"),
    ("sheet.find", "slash", "find", "Only texts with these words"),
    ("sheet.field", "f", "field", "Another class field"),
    ("sheet.open", "O", "open", "Open the text in the annotate screen"),
    ("sheet.up", "up", "move(-1)", "Up"),
    ("sheet.down", "down", "move(1)", "Down"),
    ("sheet.page-up", "pageup", "page(-1)", "A page up"),
    ("sheet.page-down", "pagedown", "page(1)", "A page down"),
    ("sheet.first", "home", "end(0)", "The first text"),
    ("sheet.last", "end", "end(-1)", "The last text"),
    ("sheet.select", "space", "select", "Add the text to the selection or remove it, and go on"),
    ("sheet.select-up", "shift+up", "move(-1, True)", "Select upwards"),
    ("sheet.select-down", "shift+down", "move(1, True)", "Select downwards"),
    ("sheet.select-none", "escape", "let_go", "Drop the selection"),
)

SIGNS = (
    ("✓ ∅ » ·", "of a text: labelled, cannot say, skipped, open"),
    ("●", "selected: an option's key labels all of these together"),
    ("claim 93%", "in the field's colour: the label; in italics: what the last run suggests"),
    ("▌", "sure enough to be accepted with the others in view"),
)
"""What is seen in the sheet, for the help."""

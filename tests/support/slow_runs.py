"""Imported where workers are forked from: a run that ends only when it is stopped takes its time with every step.

What it computes is of no use to a test that waits for something else, and takes the processor from all others.
"""

import time
from typing import Any

from workbench.training.callbacks import Reporter

EPOCHS = 1000
"""Of such runs."""
_SECONDS = 0.05

_on_step_end = Reporter.on_step_end


def _slowly(self: Reporter, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
    _on_step_end(self, args, state, control, **kwargs)
    if args.num_train_epochs >= EPOCHS:
        time.sleep(_SECONDS)


Reporter.on_step_end = _slowly  # type: ignore[method-assign]

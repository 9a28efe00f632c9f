"""What a run took of a machine, and times, in words."""

from workbench.runs.progress import Progress


def cost(progress: Progress) -> str:
    """What a run has taken of a machine: hours of cores or of GPUs; "" before it has taken any."""
    taken = ((progress.gpu_seconds, "GPU-h"), (progress.core_seconds, "core-h"))
    return " + ".join(f"{_hours(seconds)} {unit}" for seconds, unit in taken if seconds)


def _hours(seconds: float) -> str:
    hours = seconds / 3600
    return "<0.01" if hours < 0.01 else f"{hours:.2f}" if hours < 10 else f"{hours:,.0f}"


def duration(seconds: float) -> str:
    """A time in words: 40 s, 12 min, 3 h 20 min."""
    if seconds < 90:
        return f"{max(0.0, seconds):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"

"""A few training steps with a model of a given size on made-up words: how fast this machine is, and what it takes.

    python -P -m workbench.training.speed_probe '{"family": …, "hidden": …, …}'      prints one JSON object. [worker]

The weights are random: time and memory do not depend on what they know, and nothing need be fetched.
"""

import json
import os
import resource
import sys
import time
from typing import Any

from storage.exceptions import WorkbenchError
from workbench import lifeline

SECONDS = 4.0
"""About how long steps are measured; the first one always ends."""
STEPS = 50
"""At most so many are measured: of small models the fastest is among them, too."""


def _model(shape: dict[str, Any]) -> Any:
    from transformers import (
        BertConfig,
        BertForTokenClassification,
        LayoutLMConfig,
        LayoutLMForTokenClassification,
        LayoutLMv3Config,
        LayoutLMv3ForTokenClassification,
        LiltConfig,
        LiltForTokenClassification,
    )

    length = int(shape["length"])
    common = {
        "vocab_size": shape["vocabulary"], "hidden_size": shape["hidden"], "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"], "intermediate_size": 4 * shape["hidden"],
        "max_position_embeddings": length + 2, "num_labels": shape["labels"],
        "hidden_dropout_prob": shape["dropout"], "attention_probs_dropout_prob": shape["dropout"],
    }  # fmt: skip
    match shape["family"]:
        case "text":
            return BertForTokenClassification(BertConfig(**common))
        case "lilt":
            return LiltForTokenClassification(LiltConfig(**common))
        case "layoutlmv3":
            sixth = shape["hidden"] // 6
            return LayoutLMv3ForTokenClassification(
                LayoutLMv3Config(**common, coordinate_size=sixth, shape_size=shape["hidden"] - 5 * sixth)
            )
    return LayoutLMForTokenClassification(LayoutLMConfig(**common))


def measure(shape: dict[str, Any]) -> dict[str, Any]:
    """Steps with batches of the given size and length.

    Returns:
        device, precision, tokens_per_second (of training), steady_mb (weights, gradients, optimiser, libraries),
        step_mb (what one batch takes besides).
    """
    import psutil
    import torch

    from workbench.training.device import bf16_pays, choose_device
    from workbench.training.models.loading import allow_checkpointing

    device = choose_device(shape["device"])
    bf16 = bf16_pays(device, training=True) if shape["bf16"] is None else bool(shape["bf16"])
    torch.manual_seed(0)
    model = _model(shape).to(device).train()
    if shape["gradient_checkpointing"]:
        allow_checkpointing(model)
        model.gradient_checkpointing_enable()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    batch, length = int(shape["batch"]), int(shape["length"])
    inputs: dict[str, Any] = {
        "input_ids": torch.randint(5, shape["vocabulary"], (batch, length)),
        "attention_mask": torch.ones(batch, length, dtype=torch.long),
        "labels": torch.randint(0, shape["labels"], (batch, length)),
    }
    if shape["family"] != "text":
        inputs["bbox"] = torch.randint(0, 500, (batch, length, 2)).repeat(1, 1, 2).sort(-1).values
    if shape["family"] == "layoutlmv3":
        inputs["pixel_values"] = torch.rand(batch, 3, 224, 224)
    inputs = {name: value.to(device) for name, value in inputs.items()}
    process = psutil.Process()

    def step() -> None:
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            loss = model(**inputs).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize()

    def steady() -> float:
        if device.type == "cuda":
            return float(torch.cuda.memory_allocated()) / 2**20
        return float(process.memory_info().rss) / 2**20

    threads = torch.get_num_threads()

    def clock() -> float:
        # on a CPU the time spent computing: what other programs take of the machine now says nothing of later
        return time.process_time() / threads if device.type == "cpu" else time.monotonic()

    before = steady()
    weights = sum(p.numel() for p in model.parameters()) * 4 / 2**20
    began, since = time.monotonic(), clock()
    step()  # brings the optimiser's memory, and what a first call prepares
    seconds = clock() - since
    for _ in range(STEPS):
        if time.monotonic() - began >= SECONDS:
            break
        since = clock()
        step()
        seconds = min(seconds, clock() - since)
    resident = before + 3 * weights  # gradients and the two moments
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated() / 2**20
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return {
        "device": str(device), "precision": "bf16" if bf16 else "fp32",
        "tokens_per_second": round(batch * length / seconds, 1),
        "steady_mb": round(resident, 1), "step_mb": round(max(0.0, peak - resident), 1),
        "parameters": sum(p.numel() for p in model.parameters()),
    }  # fmt: skip


def main() -> int:
    """Measure what the argument describes."""
    lifeline.hold()
    shape = json.loads(sys.argv[1])
    os.environ["OMP_NUM_THREADS"] = str(shape["threads"])
    import torch

    torch.set_num_threads(int(shape["threads"]))
    try:
        measurement = measure(shape)
    except torch.OutOfMemoryError:
        measurement = {"error": "memory"}
    except WorkbenchError as error:
        measurement = {"error": error.message}
    sys.stdout.write(json.dumps(measurement) + "\n")
    return 0


if __name__ == "__main__":
    lifeline.leave(main())

"""`workbench doctor-env`: what this machine has for training and reading, and what is missing."""

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from workbench.commands.support.context import Context
from workbench.commands.support.output import emit, json_option, table


@click.command
@click.option(
    "--on", "target", default="", metavar="TARGET",
    help="Of another machine: a name of [targets], ssh:user@host, or ray:host:port.",
)  # fmt: skip
@json_option
@click.pass_obj
def command(context: Context, target: str, as_json: bool) -> None:
    """What this machine can do, and what is missing. Needs no workspace.

    Keys of --json: program, python, platform, cpu {cores, usable}, memory {total_mb, free_mb}, torch {version, build,
    threads, bf16} or {error}, devices [{name, memory_mb}], ocr [{name, version, available, remedy}], families [{name,
    title, base, available, remedy, licence}], libraries {name: version}. With --on: target, host, folder, free_gb,
    pythons, uv, rsync, gpus, environment, program, torch, devices, clock_seconds, problems [{message, remedy}].

    \b
    Examples:
      workbench doctor-env
      workbench doctor-env --on ssh:me@gpu-box
      workbench doctor-env --on ray:10.0.0.5:6379
    """
    if target:
        from workbench.commands.support import target_report

        target_report.emit_report(context, target, as_json=as_json)
        return
    data = facts()
    emit(data, as_json=as_json, text=_lines(data))


def facts() -> dict[str, Any]:
    import psutil

    from workbench import __version__
    from workbench.runs import machine

    memory = psutil.virtual_memory()
    torch_facts, devices = _torch()
    return {
        "program": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": {"cores": os.cpu_count(), "usable": machine.cores()},
        "memory": {"total_mb": memory.total >> 20, "free_mb": memory.available >> 20},
        "torch": torch_facts,
        "devices": devices,
        "ocr": _engines(),
        "families": _families(),
        "deepspeed": _deepspeed(),
        "libraries": {name: metadata.version(name) for name in ("transformers", "accelerate", "textual", "sqlalchemy")},
    }


def _torch() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    try:
        import torch  # takes two seconds: only here and in the workers
    except (ImportError, OSError) as error:  # OSError: a library that it needs is missing
        return {"error": str(error)}, []
    devices: list[dict[str, Any]] = []
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            known = torch.cuda.get_device_properties(number)
            devices.append({"name": f"cuda:{number} {known.name}", "memory_mb": known.total_memory >> 20})
    elif torch.backends.mps.is_available():
        devices.append({"name": "mps", "memory_mb": 0})
    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"
    capability = torch.backends.cpu.get_cpu_capability()
    bf16 = torch.cuda.is_bf16_supported() if torch.cuda.is_available() else _cpu_has_bf16()
    return {
        "version": torch.__version__,
        "build": build,
        "cpu": capability,
        "threads": torch.get_num_threads(),
        "bf16": bf16,
    }, devices


def _cpu_has_bf16() -> bool:
    """Whether the processor computes in bf16 by itself; without, bf16 is slower than fp32."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith(("flags", "Features"))), "")
    except OSError:
        return False
    return any(flag in flags.split() for flag in ("avx512_bf16", "amx_bf16", "bf16"))


def _deepspeed() -> dict[str, Any]:
    """The version that is installed, and whether there is what parts of it are compiled with."""
    from workbench.runs.config import sharding

    version = metadata.version(sharding.DEEPSPEED) if sharding.has_deepspeed() else ""
    return {"version": version, "compiler": sharding.has_compiler()}


def _engines() -> list[dict[str, Any]]:
    from workbench.exchange.ocr import KINDS

    engines = []
    for kind in KINDS.values():
        version = kind.version()
        engines.append(
            {
                "name": kind.name,
                "version": version,
                "available": bool(version),
                "remedy": "" if version else kind.remedy,
            }
        )
    return engines


def _families() -> list[dict[str, Any]]:
    """Every base of every family, and whether its weights are on this machine."""
    from workbench.runs.config.families import FAMILIES

    return [
        {
            "name": spec.name,
            "title": base.title,
            "base": base.name,
            "available": (is_there := _starter_is_there() if not base.name else _is_cached(base.name)),
            "remedy": "" if is_there else _remedy(base.name),
            "licence": spec.licence,
            "commercial": spec.commercial,
        }
        for spec in FAMILIES.values()
        for base in spec.bases
    ]


def _starter_is_there() -> bool:
    from workbench.runs.config.families import STARTER_FOLDER
    from workbench.runs.model_folders import weights

    return (STARTER_FOLDER / weights.FILE).is_file()


def _is_cached(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    from workbench.runs.model_folders import weights

    return any(isinstance(try_to_load_from_cache(name, file), str) for file in (weights.FILE, weights.INDEX))


def _remedy(name: str) -> str:
    if not name:
        return "Install the program again, or rebuild it with `make starter`."
    return f"With a network it is fetched when a run first needs it; without: copy a folder of {name} here and name it."


def _lines(data: dict[str, Any]) -> Iterator[str]:
    yield f"invoice-workbench {data['program']}, Python {data['python']}, {data['platform']}"
    memory = data["memory"]
    yield (
        f"{data['cpu']['usable']} of {data['cpu']['cores']} cores, {memory['free_mb']:,} of {memory['total_mb']:,} MB "
        "memory free"
    )
    torch = data["torch"]
    if "error" in torch:
        yield f"✗ torch cannot be loaded: {torch['error']}"
        yield "  → pip install torch (see the README for GPUs); labelling works without"
    else:
        bf16 = "with bf16" if torch["bf16"] else "without bf16"
        yield f"✓ torch {torch['version']}, {torch['build']} build, {torch['cpu']} {bf16}, {torch['threads']} threads"
    for device in data["devices"]:
        yield f"✓ {device['name']}" + (f", {device['memory_mb']:,} MB" if device["memory_mb"] else "")
    if not data["devices"]:
        yield "· no GPU: training runs on the CPU"
    if version := data["deepspeed"]["version"]:
        yield f"✓ DeepSpeed {version}"
        if not data["deepspeed"]["compiler"]:
            from workbench.runs.config import sharding

            yield f"  {sharding.COMPILER}, and there is no C++ compiler: {sharding.INSTALL_COMPILER}"
    yield ""
    yield "OCR"
    for engine in data["ocr"]:
        mark = "✓" if engine["available"] else "✗"
        yield f"{mark} {engine['name']} {engine['version'] or '– ' + engine['remedy']}"
    yield ""
    yield "Model families"
    rows = [("✓" if f["available"] else "✗", f["name"], f["title"], f["licence"]) for f in data["families"]]
    yield from table(rows)
    if not all(family["available"] for family in data["families"]):
        yield "✗ not on this machine: fetched when a run first needs it, or named as a folder where there is no network"

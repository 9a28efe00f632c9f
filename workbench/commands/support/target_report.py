"""What another machine has for training, as `workbench doctor-env --on` prints it."""

import os
import sys
import time
from typing import Any

from storage.exceptions import WorkspaceProblem
from workbench.commands.support.context import Context
from workbench.commands.support.output import emit
from workbench.fields.plain_text import counted
from workbench.settings import Settings, Target, is_address


def emit_report(context: Context, name: str, *, as_json: bool) -> None:
    """Look at a target and print what it has; exit code 6 where something is missing."""
    from workbench.remote import answers, check, environment
    from workbench.remote.line import TargetProblem

    target = _target(context, name)
    if target.is_ray:
        _emit_cluster(context, target, as_json=as_json)
        return
    facts = check.look(target)
    problems = list(facts.problems)
    python = "" if problems else environment.python_of(target, facts)
    program: answers.Version | None = None
    device = answers.Device("", [])
    if python:
        try:
            program = environment.ask(facts, python, "version", kind=answers.Version)
            if facts.gpus and not (device := environment.ask(facts, python, "device", kind=answers.Device)).devices:
                problems.append(
                    TargetProblem(
                        f"torch {device.torch} sees no GPU there: the driver is too old, or it is a CPU build.",
                        "Update the NVIDIA driver there, or name a `python` whose torch fits it.",
                    )
                )
        except TargetProblem as problem:
            problems.append(problem)
    data = {
        "target": facts.line.name,
        "host": facts.line.host,
        "folder": facts.root,
        "free_gb": round(facts.free_gb, 1),
        "pythons": [{"path": path, "version": f"{major}.{minor}"} for path, (major, minor) in facts.pythons],
        "uv": facts.uv,
        "rsync": facts.rsync,
        "gpus": list(facts.gpus),
        "environment": python,
        "program": program.version if program else "",
        "torch": device.torch,
        "devices": device.devices,
        "clock_seconds": round(program.time - time.time(), 1) if program else None,
        "problems": [{"message": problem.message, "remedy": problem.remedy} for problem in problems],
    }
    emit(data, as_json=as_json, text=_lines(data))
    if problems:
        sys.exit(TargetProblem.exit_code)


def _emit_cluster(context: Context, target: Target, *, as_json: bool) -> None:
    """Look at a Ray cluster and print what it has.

    Raises:
        TargetProblem: it cannot be reached, or has other versions.
    """
    from workbench.remote import ray_cluster

    try:
        root = context.find_workspace().files.root
        workspace = root if os.access(root, os.W_OK) else None
    except WorkspaceProblem:  # an address needs none
        workspace = None
    facts, name = ray_cluster.look(target, workspace), target.name or target.address
    counts = {"nodes": facts.nodes, "cpus": facts.cpus, "gpus": facts.gpus}
    size = f"{counted(facts.nodes, 'node')}, {facts.cpus:g} cores, {facts.gpus:g} GPUs"
    lines = [
        f"✓ Ray cluster {name}: {size}",
        "· every node needs this version of the program",
        *_ways_of_runs(facts.blind),
    ]
    sees = None if facts.blind is None else not facts.blind
    emit({"target": name, **counts, "sees_workspace": sees}, as_json=as_json, text=lines)


def _ways_of_runs(blind: int | None) -> list[str]:
    """How runs come to nodes of which so many do not see the workspace's folder."""
    if blind is None:
        return []
    if not blind:
        return ["✓ the nodes see the workspace's folder"]
    return [
        f"· {counted(blind, 'node')} cannot see the workspace's folder: runs and documents travel there through Ray's "
        "object store",
    ]


def _target(context: Context, name: str) -> Target:
    """An address needs no workspace, a name that of [targets]."""
    return Settings().target(name) if is_address(name) else context.open_workspace().settings.target(name)


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [f"✓ {data['target']} ({data['host']}) answers, and takes the key"]
    if data["folder"]:
        lines.append(f"✓ {data['free_gb']} GB free in {data['folder']}")
    pythons = ", ".join(row["version"] for row in data["pythons"]) or "none"
    lines.append(f"· Python: {pythons}; uv: {'yes' if data['uv'] else 'no'}; rsync: {'yes' if data['rsync'] else 'no'}")
    lines += [f"✓ GPU: {gpu}" for gpu in data["gpus"]] or ["· no GPU: training runs on the CPU there"]
    if data["environment"]:
        lines.append(f"✓ version {data['program']} in {data['environment']}")
    elif not data["problems"]:
        lines.append("· the environment of this version is made there with the first run, in minutes")
    if data["clock_seconds"] is not None and abs(data["clock_seconds"]) > 2:
        lines.append(f"· its clock differs by {data['clock_seconds']:.0f} s; runs are shown by the clock here")
    for problem in data["problems"]:
        lines += [f"✗ {problem['message']}", f"  → {problem['remedy']}"]
    return lines

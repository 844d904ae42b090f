"""`understudy doctor`: names the broken step and the fix. A check is a function of the system."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from stream.doctor.cameras import cameras, obs, permissions, virtual_camera
from stream.doctor.parts import (
    gpu,
    models,
    openvino,
    packages,
    port,
    python,
    tracker,
    window,
)
from stream.doctor.runtimes import runtimes
from stream.doctor.system import MARKS, Finding, System

Check = Callable[[System], Finding]

CHECKS: tuple[Check, ...] = (
    python,
    packages,
    models,
    openvino,
    tracker,
    cameras,
    permissions,
    virtual_camera,
    obs,
    window,
    gpu,
    runtimes,
)


def examine(*, port: int, system: System | None = None) -> list[Finding]:
    """Run every check on this machine, or on a made one."""
    return list(_findings(system or System(), port))


def is_healthy(findings: Sequence[Finding]) -> bool:
    """Whether nothing is broken; what is only missing does not count."""
    return all(finding.status != "broken" for finding in findings)


def as_lines(findings: Sequence[Finding]) -> list[str]:
    """For people: a line per finding, and below it what to do."""
    lines = []
    for finding in findings:
        lines.append(f"{MARKS[finding.status]}  {finding.check:16}{finding.says}")
        if finding.fix is not None:
            lines.extend(f"{'':25}{line}" for line in finding.fix.splitlines())
    broken = [finding.check for finding in findings if finding.status == "broken"]
    lines.append(f"broken: {', '.join(broken)}" if broken else "nothing is broken")
    return lines


def as_json(findings: Sequence[Finding]) -> str:
    """For scripts."""
    content = {
        "healthy": is_healthy(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(content, indent=2)


def _findings(system: System, number: int) -> Iterator[Finding]:
    for check in CHECKS:
        yield check(system)
    yield port(system, number)

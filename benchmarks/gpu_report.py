"""One GPU report: all that can be said of a GPU in minutes, kept as it comes.

    python -m benchmarks.gpu_report --out DIR [--commit HASH] [--rehearse] [--seconds S]

`make gpu-report OUT=DIR` does the same. It needs the tree, torch for CUDA, cuda-python, numpy and
pytest; the rig and some tests also OpenCV. docs/gpu.md says what to do with each figure. A section
that fails is kept with its traceback, and the next one begins; then it ends with 1. Without a GPU
it says so in one line and ends with 2.
"""

import argparse
import json
import re
import shlex
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from traceback import format_exc
from types import FrameType
from typing import Any

from benchmarks.gpu_processes import TOLD, Worker, command
from benchmarks.gpu_sections import SECTIONS, START_LIMIT_S, TOTAL_S, Section
from benchmarks.gpu_summary import summary, timelines

FILES = ("summary.md", "results.json", "profile.txt", "tests.txt", "log.txt")
NO_GPU = 2
"""Exit code where there is none."""
NOT_BEGUN = "no time was left"
HANGS = "faulthandler_timeout=20"
"""Seconds after which pytest says where a test hangs."""


@dataclass(eq=False)
class Report:
    """One run."""

    folder: Path
    ends_s: float
    """On the monotonic clock."""
    worker_options: list[str]
    about: dict[str, Any]
    """What was run, and when."""
    sections: tuple[Section, ...] = SECTIONS
    worker_module: str = "benchmarks.gpu_worker"
    patience: float = 1.0
    """Times the limits: a rehearsal's CPU may have other things to do."""
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Section -> its figures, or how it failed."""
    worker: Worker | None = None

    @property
    def log(self) -> Path:
        """What the processes print."""
        return self.folder / "log.txt"

    def run(self) -> int:
        """All sections; the exit code."""
        try:
            for section in self.sections:
                answer = self.answer(section)
                if section is self.sections[0] and _has_no_gpu(answer):
                    print(f"The GPU report needs a GPU: {answer['failed']}", file=sys.stderr)
                    self.log.unlink(missing_ok=True)
                    return NO_GPU
                self.keep(section.name, answer)
        finally:
            if self.worker is not None:
                self.worker.end()
        return 1 if any("failed" in answer for answer in self.found.values()) else 0

    def answer(self, section: Section) -> dict[str, Any]:
        """A section's figures, or why there are none."""
        limit_s = min(section.limit_s * self.patience, self.left_s)
        if limit_s < min(section.expected_s, 10.0):
            return {"failed": NOT_BEGUN}
        if section.tests:
            return tested(section, self.folder / "tests.txt", limit_s)
        if self.worker is None:
            self.worker = Worker(self.worker_module, self.worker_options, self.log)
            started = self.worker.hear(min(START_LIMIT_S * self.patience, self.left_s))
            if "failed" in started:
                self.stop()
                return started
            self.about.setdefault("starts_s", []).append(started["took_s"])
        answer = self.worker.run(section.name, min(section.limit_s * self.patience, self.left_s))
        if answer.get("spoiled"):
            self.stop()
        return answer

    @property
    def left_s(self) -> float:
        """Of the whole time."""
        return max(self.ends_s - time.monotonic(), 0.0)

    def stop(self) -> None:
        """End the worker; the next section starts another."""
        if self.worker is not None:
            self.worker.end()
        self.worker = None

    def keep(self, name: str, answer: dict[str, Any]) -> None:
        """Write all that is known by now; a reader finds whole files at any moment."""
        self.found[name] = {key: value for key, value in answer.items() if key != "spoiled"}
        told = answer.get("failed") or f"{answer['took_s']:.1f} s"
        print(f"{name}: {told}", flush=True)
        results = self.about | {"sections": self.found}
        _write(self.folder / "results.json", json.dumps(results, indent=1) + "\n")
        try:
            told = summary(results)
        except Exception:  # noqa: BLE001 - figures of an odd form must not cost those to come
            told = f"The summary failed; the figures are in `results.json`.\n\n{format_exc()}"
        _write(self.folder / "summary.md", told)
        if name == "profile" and "figures" in answer:
            _write(self.folder / "profile.txt", timelines(answer["figures"]))


def tested(section: Section, log: Path, limit_s: float) -> dict[str, Any]:
    """Run a section's tests: how many of each kind, and which failed."""
    began = time.monotonic()
    pytest = [sys.executable, "-m", "pytest", "-v", "-m", "gpu", "-W", "default"]
    plain = ["-p", "no:cacheprovider", "--tb=short", "--maxfail=20", "-o", HANGS, *section.tests]
    code, output = command([*pytest, *plain], log, limit_s)
    # One line a test, so that those which ran before an end at the limit count too.
    counts = Counter(re.findall(r"^\S+::.* (PASSED|FAILED|ERROR|SKIPPED)\b", output, re.MULTILINE))
    figures = {kind.lower(): number for kind, number in counts.items()}
    answer: dict[str, Any] = {"figures": figures, "took_s": round(time.monotonic() - began, 2)}
    if code != 0:
        ended = f"it ran past its limit of {limit_s:.0f} s" if code is None else f"exit code {code}"
        failures = re.findall(r"^(?:FAILED|ERROR) .*", output, re.MULTILINE)
        answer |= {"failed": "; ".join([ended, *failures]), "traceback": output[-TOLD:]}
    return answer


def _has_no_gpu(answer: dict[str, Any]) -> bool:
    return str(answer.get("failed", "")).startswith("MachineError")


def _write(path: Path, content: str) -> None:
    scratch = path.with_name(f".{path.name}")
    scratch.write_text(content, encoding="utf-8")
    scratch.replace(path)


def _ended(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)  # through the `finally` that ends the worker


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--commit", default="", help="of the measured code, where there is no git")
    parser.add_argument("--seconds", type=float, default=TOTAL_S, help="of the whole report")
    parser.add_argument(
        "--rehearse", action="store_true", help="on the CPU, tiny: times say nothing"
    )
    options = parser.parse_args(arguments)
    began = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (options.out / name).unlink(missing_ok=True)  # of an earlier run: nothing of it may pass
    signal.signal(signal.SIGTERM, _ended)
    worker_options = ["--commit", options.commit, *(["--rehearse"] if options.rehearse else [])]
    report = Report(
        folder=options.out,
        ends_s=began + options.seconds,
        worker_options=worker_options,
        patience=10.0 if options.rehearse else 1.0,
        about={
            "command": shlex.join(["python", "-m", "benchmarks.gpu_report", *sys.argv[1:]]),
            "began": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
            "rehearsal": options.rehearse,
        },
    )
    code = report.run()
    if code != NO_GPU:
        print((options.out / "summary.md").read_text(encoding="utf-8"))
        print(f"{time.monotonic() - began:.0f} s in all; kept in {options.out}")
    return code


if __name__ == "__main__":
    sys.exit(main())

"""`understudy bench`: help comes at once; a part that fails stops no other."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from benchmarks.cli import COMMANDS, app
from benchmarks.report.quick import PARTS, Part
from benchmarks.report.together import together

HEAVY = ("numpy", "cv2", "openvino", "aiortc", "av")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['understudy', 'bench', '--help']\n"
        "from stream.cli.commands import app\n"
        "try:\n    app(prog_name='understudy')\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert all(command.name in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("name", ["step", "load", "soak", "compare", "all"])
def test_each_command_has_its_help(name: str) -> None:
    done = CliRunner().invoke(app, ["bench", name, "--help"])
    assert done.exit_code == 0, done.output
    assert "--html" in done.output


def test_all_leaves_out_by_name_what_cannot_run() -> None:
    parts = [
        Part(name="good", module="tests.bench_parts.good", budget_s=30.0),
        Part(name="lacking", module="tests.bench_parts.lacking", budget_s=30.0),
        Part(name="missing", module="tests.bench_parts.missing", budget_s=30.0),
        Part(name="broken", module="tests.bench_parts.broken", budget_s=30.0),
        Part(name="slow", module="tests.bench_parts.slow", budget_s=1.0),
    ]
    report = together(parts)
    assert [figure.name for figure in report.figures] == ["good.a"]
    assert report.skipped["lacking"] == "no browser here"
    assert "tests.bench_parts.missing" in report.skipped["missing"]
    assert "ended" in report.skipped["broken"]
    assert "longer than 3 s" in report.skipped["slow"]
    assert report.skipped["good: x"] == "is not"


def test_the_quick_ones_fit_into_five_minutes() -> None:
    assert sum(part.budget_s for part in PARTS) <= 290.0

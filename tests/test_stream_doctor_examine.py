"""Each check on a made machine: what is wrong is named, and the fix is the right one."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

import pytest

import stream.doctor.parts as parts
from engine.errors import MachineError
from engine.faces.models import SHA256
from engine.rig.refine.network import SHIPPED, shipped_graphs
from engine.runtimes.auto import Candidate
from engine.runtimes.choose import choose
from stream.doctor.cameras import cameras, obs, permissions, virtual_camera
from stream.doctor.examine import CHECKS, as_json, as_lines, examine, is_healthy
from stream.doctor.runtimes import runtimes
from stream.doctor.system import Finding, System
from tests.devices_made import make_device

KERNEL = "6.1.0-40-amd64"


def silent(command: Sequence[str]) -> str | None:
    return None


@pytest.fixture
def system(tmp_path: Path) -> System:
    """A Linux machine with nothing but the packages."""
    return System(
        root=tmp_path,
        name="linux",
        python=(3, 12),
        user="ada",
        groups=(1000,),
        kernel=KERNEL,
        environment={},
        find_version=lambda name: "1.0",
        run=silent,
        may_use=lambda path: True,
        portrait=tmp_path / "portrait.png",
    )


def load_module(root: Path, version: str = "0.12.7", exclusive_caps: str = "Y,N,N") -> None:
    module = root / "sys/module/v4l2loopback"
    (module / "parameters").mkdir(parents=True)
    (module / "version").write_text(version + "\n")
    (module / "parameters/exclusive_caps").write_text(exclusive_caps + "\n")


def test_python_must_be_new_enough(system: System) -> None:
    assert parts.python(system).status == "ok"
    old = parts.python(replace(system, python=(3, 10)))
    assert (old.status, old.says) == ("broken", "3.10 is too old")


def test_missing_packages_are_named(system: System) -> None:
    def find(name: str) -> str | None:
        return None if name == "av" or name.startswith("opencv") else "1.0"

    finding = parts.packages(replace(system, find_version=find))
    assert finding.status == "broken"
    assert finding.says == "not installed: av, opencv"
    assert finding.fix is not None


def test_any_package_of_opencv_5_will_do(system: System) -> None:
    def find(name: str) -> str | None:
        return "5.0.0.93" if name in ("opencv-contrib-python", *parts.BASE) else None

    assert parts.packages(replace(system, find_version=find)).status == "ok"


def test_an_opencv_that_draws_no_mesh_is_named(system: System) -> None:
    finding = parts.packages(replace(system, find_version=lambda _: "4.14.0.94"))
    assert finding.status == "broken"
    assert "OpenCV 5 is needed" in finding.says


def test_no_camera_is_missing_not_broken(system: System) -> None:
    assert cameras(system).status == "missing"
    assert permissions(system).status == "ok"


def test_cameras_are_named_and_virtual_ones_are_not_cameras(system: System) -> None:
    make_device(system.root, 0, "Understudy", is_virtual=True)
    assert cameras(system).status == "missing"
    make_device(system.root, 2, "Webcam C920")
    finding = cameras(system)
    assert (finding.status, finding.says) == ("ok", "Webcam C920 (/dev/video2)")


@pytest.mark.parametrize(
    ("members", "fix"),
    [("", "usermod -aG video"), ("bob", "usermod -aG video"), ("bob,ada", "log out and in again")],
)
def test_a_camera_that_may_not_be_opened_names_the_group(
    system: System, members: str, fix: str
) -> None:
    make_device(system.root, 2, "Webcam")
    (system.root / "etc").mkdir()
    (system.root / "etc/group").write_text(f"audio:x:29:\nvideo:x:44:{members}\n")
    finding = permissions(replace(system, may_use=lambda path: False))
    assert finding.status == "broken"
    assert "/dev/video2 may not be opened by ada" in finding.says
    assert fix in (finding.fix or "")


def test_a_camera_that_a_container_was_not_given_is_told_apart(system: System) -> None:
    make_device(system.root, 2, "Webcam")
    (system.root / "dev/video2").unlink()
    finding = permissions(replace(system, may_use=lambda path: False))
    assert "not in /dev" in finding.says
    assert "--device /dev/video2" in (finding.fix or "")


def test_without_the_extra_the_virtual_camera_names_it(system: System) -> None:
    finding = virtual_camera(replace(system, find_version=lambda name: None))
    assert finding.fix == ".venv/bin/pip install -e '.[camera]'"


def test_a_module_that_is_not_installed_is_told_from_one_not_loaded(system: System) -> None:
    finding = virtual_camera(system)
    assert KERNEL in finding.says
    assert "apt-get install v4l2loopback-dkms" in (finding.fix or "")
    module = system.root / f"lib/modules/{KERNEL}/updates/dkms/v4l2loopback.ko.xz"
    module.parent.mkdir(parents=True)
    module.touch()
    finding = virtual_camera(system)
    assert finding.says == "v4l2loopback is installed but not loaded"
    assert (finding.fix or "").startswith("sudo modprobe v4l2loopback exclusive_caps=1")


def test_a_module_without_a_device_is_broken(system: System) -> None:
    load_module(system.root)
    assert virtual_camera(system).status == "broken"


@pytest.mark.parametrize(
    ("exclusive_caps", "status"),
    [("Y,N,N", "ok"), ("1", "ok"), ("N,N,N", "broken"), ("N,Y", "broken")],
)
def test_browsers_need_exclusive_caps(system: System, exclusive_caps: str, status: str) -> None:
    load_module(system.root, exclusive_caps=exclusive_caps)
    make_device(system.root, 9, "Understudy", is_virtual=True)
    finding = virtual_camera(system)
    assert finding.status == status
    assert ("exclusive_caps=1" in (finding.fix or "")) == (status == "broken")
    assert "0.12.7" in finding.says


@pytest.mark.parametrize(
    ("kernel", "version", "status"),
    [
        ("6.18.4-arch1", "0.15.1", "broken"),
        ("6.18.4-arch1", "0.15.3", "ok"),
        ("6.17.9", "0.15.1", "ok"),
        ("7.0.1", "0.12.7", "broken"),
    ],
)
def test_an_old_module_on_a_new_kernel_is_broken(
    system: System, kernel: str, version: str, status: str
) -> None:
    load_module(system.root, version=version)
    make_device(system.root, 9, "Understudy", is_virtual=True)
    assert virtual_camera(replace(system, kernel=kernel)).status == status


def test_a_module_that_does_not_say_its_version_is_not_called_old(system: System) -> None:
    load_module(system.root)
    (system.root / "sys/module/v4l2loopback/version").unlink()
    make_device(system.root, 9, "Understudy", is_virtual=True)
    finding = virtual_camera(replace(system, kernel="6.18.4"))
    assert finding.status == "ok"
    assert "unknown version" in finding.says
    (system.root / "usr/src/v4l2loopback-0.12.7").mkdir(parents=True)
    finding = virtual_camera(replace(system, kernel="6.18.4"))
    assert finding.status == "broken"
    assert "0.12.7" in finding.says


@pytest.mark.parametrize(
    ("said", "status", "says"),
    [
        ("OBS Studio - 31.0.2\n", "ok", "OBS 31.0.2"),
        ("OBS Studio - 29.1.3-linux\n", "missing", "cannot send WHIP"),
        (None, "ok", "not found"),
    ],
)
def test_the_version_of_obs_is_told(
    system: System, said: str | None, status: str, says: str
) -> None:
    finding = obs(replace(system, run=lambda command: said))
    assert finding.status == status
    assert says in finding.says


def test_obs_on_a_mac_is_read_from_its_plist(system: System) -> None:
    mac = replace(system, name="darwin")
    assert virtual_camera(mac).status == "missing"
    place = system.root / "Applications/OBS.app/Contents/Info.plist"
    place.parent.mkdir(parents=True)
    place.write_text(
        '<?xml version="1.0"?><plist version="1.0"><dict>'
        "<key>CFBundleShortVersionString</key><string>30.2.3</string></dict></plist>"
    )
    assert obs(mac).says == "OBS 30.2.3"
    assert virtual_camera(mac).status == "ok"


def test_the_shipped_models_are_whole() -> None:
    finding = parts.models(System())
    assert finding.status == "ok", finding.says
    assert f"{len(SHA256)} face networks" in finding.says


def test_a_damaged_refiner_is_a_broken_model(
    system: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with as_file(files("engine").joinpath(SHIPPED)) as shipped:
        shutil.copytree(shipped, tmp_path / "refiner")
    (tmp_path / "refiner" / "refine.onnx").write_bytes(b"half a network")
    monkeypatch.setattr("engine.rig.refine.network.SHIPPED", str(tmp_path / "refiner"))
    finding = parts.models(system)
    assert finding.status == "broken"
    assert "refine.onnx" in finding.says


def test_a_damaged_model_is_broken(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(name: str) -> Path:
        raise MachineError(f"{name} is damaged")

    monkeypatch.setattr("engine.faces.models.checked", damaged)
    finding = parts.models(system)
    assert finding.status == "broken"
    assert "is damaged" in finding.says


def test_openvino_runs_here(system: System) -> None:
    assert parts.openvino(system).status == "ok"


def test_an_openvino_without_a_cpu_plugin_is_broken(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoDevices:
        available_devices: tuple[str, ...] = ()

    monkeypatch.setattr("engine.openvino_core.openvino_core", NoDevices)
    assert parts.openvino(system).status == "broken"


@pytest.mark.slow
def test_the_tracker_is_tried_on_the_portrait(system: System) -> None:
    assert parts.tracker(system).status == "broken", "there is no portrait"
    from PIL import Image

    Image.new("RGB", (256, 256), (90, 90, 90)).save(system.portrait)
    finding = parts.tracker(system)
    assert finding.status == "broken"
    assert "does not find the face" in finding.says
    face = Path(__file__).parent.parent.parent / "shared/media/portraits/astronaut.png"
    if not face.exists():
        pytest.skip("the developers' portraits are not here")
    assert parts.tracker(replace(system, portrait=face)).status == "ok"


def test_a_gpu_is_named_with_its_driver(system: System) -> None:
    assert "runs on the CPU" in parts.gpu(system).says
    driver = system.root / "proc/driver/nvidia"
    (driver / "gpus/0000:01:00.0").mkdir(parents=True)
    (driver / "version").write_text(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 2026\n"
    )
    assert parts.gpu(system).status == "broken", "a driver without a GPU"
    (driver / "gpus/0000:01:00.0/information").write_text("Model: \t NVIDIA RTX 4090\nIRQ: 5\n")
    assert parts.gpu(system).says == "NVIDIA RTX 4090, driver 580.65.06"


def test_a_gpu_without_proc_is_asked_of_its_tool(system: System) -> None:
    told = replace(system, run=lambda command: "NVIDIA RTX 3060, 566.1\n")
    assert parts.gpu(told).says == "NVIDIA RTX 3060, 566.1"


def test_the_backend_that_auto_takes_is_told_and_why_not_the_others(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [
        Candidate(name="tensorrt", runtime=None, why_not="tensorrt is not installed."),
        Candidate(name="cuda", runtime=choose("openvino")),
        Candidate(name="openvino", runtime=choose("openvino")),
    ]
    monkeypatch.setattr("engine.runtimes.auto.candidates", lambda graphs: iter(found))
    finding = runtimes(system)
    assert finding.status == "ok"
    assert finding.says.startswith("auto takes cuda for the rig's refiner;")
    assert finding.fix == "tensorrt: tensorrt is not installed.\nopenvino: works too"


def test_a_machine_on_which_no_backend_runs_is_broken(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [Candidate(name="openvino", runtime=None, why_not="no plugin")]
    monkeypatch.setattr("engine.runtimes.auto.candidates", lambda graphs: iter(found))
    finding = runtimes(system)
    assert (finding.status, finding.fix) == ("broken", "openvino: no plugin")


def test_on_this_machine_some_backend_runs_and_the_refiner_gets_it(system: System) -> None:
    """The doctor, `understudy info` and loading ask the same: what runs these graphs?"""
    said = runtimes(system)
    assert said.status == "ok"
    taken = choose("auto", graphs=shipped_graphs()).name
    assert said.says.startswith(f"auto takes {taken} for the rig's refiner")


def test_a_window_needs_a_screen(system: System) -> None:
    pytest.importorskip("tkinter")
    assert parts.window(system).status == "missing"
    assert parts.window(replace(system, environment={"DISPLAY": ":0"})).status == "ok"


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        finding = parts.port(System(), number)
        assert finding.status == "missing"
        assert str(number) in finding.says
    assert parts.port(System(), number).status == "ok"


def test_findings_are_lines_for_people_and_json_for_scripts() -> None:
    findings = [
        Finding(check="camera", status="ok", says="Webcam"),
        Finding(check="models", status="broken", says="damaged", fix="one\ntwo"),
    ]
    lines = as_lines(findings)
    assert lines[0].split() == ["ok", "camera", "Webcam"]
    assert [line.strip() for line in lines[2:4]] == ["one", "two"]
    assert lines[-1] == "broken: models"
    read = json.loads(as_json(findings))
    assert read["healthy"] is False
    assert read["findings"][1]["fix"] == "one\ntwo"
    assert is_healthy(findings[:1])
    assert as_lines(findings[:1])[-1] == "nothing is broken"


def test_every_check_runs_on_a_bare_machine_and_says_what_to_do(system: System) -> None:
    findings = examine(port=8080, system=system)
    assert len(findings) == len(CHECKS) + 1
    assert all(finding.fix for finding in findings if finding.status != "ok")
    assert len({finding.check for finding in findings}) == len(findings)


@pytest.mark.slow
def test_the_exit_code_is_for_scripts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stream.cli", "doctor", "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    read = json.loads(done.stdout)
    assert done.returncode == (0 if read["healthy"] else 1)
    assert done.stderr == ""

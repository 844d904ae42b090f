"""Checks of the program's own parts: Python, packages, models, tracker, GPU, window, port."""

import socket
from contextlib import closing
from zipfile import BadZipFile

from engine.errors import UnderstudyError
from engine.installing import reinstall, restore
from stream.doctor.system import Finding, System

OLDEST_PYTHON = (3, 11)
BASE = ("numpy", "openvino", "pillow", "av", "typer", "rich")
OLDEST_OPENCV = 5
OPENCVS = ("opencv-python-headless", "opencv-python", "opencv-contrib-python")
"""Any of them owns the module cv2."""
LEAST_CONFIDENCE = 0.9
"""Of the tracker on the bundled portrait, which is a plain one."""


def python(system: System) -> Finding:
    """Whether this Python is new enough."""
    shown = ".".join(map(str, system.python))
    if system.python >= OLDEST_PYTHON:
        return Finding(check="Python", status="ok", says=shown)
    wanted = ".".join(map(str, OLDEST_PYTHON))
    fix = f"Install Python {wanted} or newer, and Understudy with it."
    return Finding(check="Python", status="broken", says=f"{shown} is too old", fix=fix)


def packages(system: System) -> Finding:
    """Whether the base install is whole."""
    found = {name: system.find_version(name) for name in BASE}
    found["opencv"] = next(filter(None, map(system.find_version, OPENCVS)), None)
    absent = [name for name, version in found.items() if version is None]
    if absent:
        says = f"not installed: {', '.join(absent)}"
        return Finding(check="packages", status="broken", says=says, fix=reinstall())
    says = ", ".join(f"{name} {version}" for name, version in found.items())
    if int(str(found["opencv"]).partition(".")[0]) < OLDEST_OPENCV:
        says = f"{says}: OpenCV {OLDEST_OPENCV} is needed, which draws the face mesh"
        return Finding(check="packages", status="broken", says=says, fix=reinstall())
    return Finding(check="packages", status="ok", says=says)


def models(system: System) -> Finding:
    """Whether the shipped networks are the ones that were shipped."""
    try:
        from engine.faces.canonical import load_basis
        from engine.faces.models import SHA256, checked
        from engine.families import check_shipped
        from engine.speech.listener import load_weights

        count = len([checked(name) for name in SHA256])
        points = len(load_basis().canonical)  # a damaged zip does not pass its own check sums
        check_shipped()
        load_weights()
    except ImportError as error:
        return Finding(check="models", status="broken", says=str(error), fix=reinstall())
    except (OSError, KeyError, ValueError, BadZipFile, UnderstudyError) as error:
        return Finding(check="models", status="broken", says=str(error), fix=restore())
    says = (
        f"{count} face networks, the refiner and the listener, check sums right; {points} points "
        "of the basis"
    )
    return Finding(check="models", status="ok", says=says)


def openvino(system: System) -> Finding:
    """Whether OpenVINO finds something to run on."""
    try:
        from engine.openvino_core import openvino_core

        devices = [str(device) for device in openvino_core().available_devices]
    except (ImportError, OSError, RuntimeError) as error:
        says = f"OpenVINO does not start: {str(error).splitlines()[0] if str(error) else error!r}"
        return Finding(check="OpenVINO", status="broken", says=says, fix=reinstall())
    if "CPU" not in devices:
        fix = f"Understudy's networks need OpenVINO's CPU plugin:\n{reinstall()}"
        return Finding(check="OpenVINO", status="broken", says=f"runs on {devices}", fix=fix)
    return Finding(check="OpenVINO", status="ok", says=f"runs on {', '.join(devices)}")


def tracker(system: System) -> Finding:
    """Whether the tracker finds the face of the bundled portrait."""
    if not system.portrait.is_file():
        says = f"the bundled portrait {system.portrait.name} is not there"
        return Finding(check="tracker", status="broken", says=says, fix=restore())
    try:
        from engine.faces.mesh_tracker import MeshTracker
        from engine.pictures import open_picture

        face = MeshTracker().find(open_picture(system.portrait))
    except (ImportError, OSError, RuntimeError, UnderstudyError) as error:
        return Finding(check="tracker", status="broken", says=str(error), fix=reinstall())
    if face is None or face.confidence < LEAST_CONFIDENCE:
        says = "it does not find the face of the bundled portrait"
        return Finding(check="tracker", status="broken", says=says, fix=reinstall())
    says = f"finds the bundled portrait's face (confidence {face.confidence:.2f})"
    return Finding(check="tracker", status="ok", says=says)


def window(system: System) -> Finding:
    """Whether --preview can open a window."""
    try:
        import tkinter
    except ImportError:
        return Finding(
            check="preview",
            status="missing",
            says="Python's tkinter is not installed",
            fix="sudo apt-get install python3-tk" if system.name == "linux" else "Install Tk.",
        )
    has_screen = system.name != "linux" or bool(system.environment.get("DISPLAY"))
    if not has_screen:
        return Finding(
            check="preview",
            status="missing",
            says="no screen (DISPLAY is not set)",
            fix="Start it from a desktop session, or use `understudy serve` and a browser.",
        )
    return Finding(check="preview", status="ok", says=f"Tk {tkinter.TkVersion}")


def gpu(system: System) -> Finding:
    """Which NVIDIA GPU and driver are here; the rig does not need one."""
    driver = system.text("/proc/driver/nvidia/version")
    if driver is None:
        said = system.run(
            ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        )
        if said is None:
            says = "no NVIDIA GPU; the rig runs on the CPU"
            return Finding(check="GPU", status="ok", says=says)
        return Finding(check="GPU", status="ok", says=said.strip().replace("\n", "; "))
    names = [
        line.partition(":")[2].strip()
        for folder in sorted((system.root / "proc/driver/nvidia/gpus").glob("*"))
        for line in (
            system.text(f"/proc/driver/nvidia/gpus/{folder.name}/information") or ""
        ).splitlines()
        if line.startswith("Model:")
    ]
    if not names:
        return Finding(
            check="GPU",
            status="broken",
            says="the NVIDIA driver is loaded but sees no GPU",
            fix="In a container: docker run --gpus all. Otherwise see `dmesg | grep NVRM`.",
        )
    number = next((word for word in driver.split() if word[:1].isdigit() and "." in word), "")
    return Finding(check="GPU", status="ok", says=f"{', '.join(names)}, driver {number}")


def port(system: System, number: int) -> Finding:
    """Whether `understudy serve` could listen."""
    with closing(socket.socket()) as listener:
        # As a server does: a connection that was just closed does not block the port.
        if system.name != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
        except OSError as error:
            return Finding(
                check="port",
                status="missing",
                says=f"127.0.0.1:{number} cannot be used ({error.strerror})",
                fix="Is `understudy serve` running already? Otherwise choose another with --port.",
            )
    return Finding(check="port", status="ok", says=f"127.0.0.1:{number} is free")

"""Checks of what comes in and goes out: cameras, their permissions, v4l2loopback, OBS."""

import plistlib
import re
from contextlib import suppress

from engine.installing import install_extra
from stream.doctor.system import Finding, System
from stream.live.cameras import linux_cameras

OBS_WITH_WHIP = (30, 0)
"""From this version on OBS sends WHIP."""
LOOPBACK_ON_NEW_KERNELS = ((6, 18), (0, 15, 3))
"""From this kernel on, older versions of the module crash it."""

LOAD = "sudo modprobe v4l2loopback exclusive_caps=1 card_label=Understudy"
KEEP = (
    'echo "options v4l2loopback exclusive_caps=1 card_label=Understudy" '
    "| sudo tee /etc/modprobe.d/v4l2loopback.conf"
)


def cameras(system: System) -> Finding:
    """Whether there is a camera to drive the portrait with."""
    if system.name != "linux":
        return _other_cameras(system)
    real = [camera for camera in linux_cameras(system.root) if not camera.is_virtual]
    if not real:
        return Finding(
            check="camera",
            status="missing",
            says="no camera is connected",
            fix="Plug one in; in a virtual machine, pass it through. A phone can serve as one by "
            "rtsp://. `understudy serve` uses the browser's camera instead.",
        )
    listed = ", ".join(f"{camera.name} ({camera.device})" for camera in real)
    return Finding(check="camera", status="ok", says=listed)


def permissions(system: System) -> Finding:
    """Whether this user may open the cameras."""
    if system.name != "linux":
        says = "the system asks when a camera is opened first"
        return Finding(check="permissions", status="ok", says=says)
    listed = linux_cameras(system.root)
    closed = [
        camera.device
        for camera in listed
        if not system.may_use(system.root / camera.device.lstrip("/"))
    ]
    if not closed:
        says = "every camera may be opened" if listed else "no camera to open"
        return Finding(check="permissions", status="ok", says=says)
    absent = [device for device in closed if not (system.root / device.lstrip("/")).exists()]
    if absent:
        return Finding(
            check="permissions",
            status="broken",
            says=f"{', '.join(absent)} is known to the kernel but not in /dev",
            fix="In a container, pass it in: docker run --device " + absent[0],
        )
    return Finding(
        check="permissions",
        status="broken",
        says=f"{', '.join(closed)} may not be opened by {system.user or 'this user'}",
        fix=_group_fix(system),
    )


def virtual_camera(system: System) -> Finding:
    """Whether meeting programs can be shown something."""
    if system.find_version("pyvirtualcam") is None:
        return Finding(
            check="virtual camera",
            status="missing",
            says="the extra `camera` is not installed",
            fix=install_extra("camera"),
        )
    if system.name != "linux":
        has_obs = _obs_version(system) is not None
        return Finding(
            check="virtual camera",
            status="ok" if has_obs else "missing",
            says="OBS brings it" if has_obs else "OBS, which brings it, was not found",
            fix=None if has_obs else "Install OBS (obsproject.com), and start its camera once.",
        )
    return _loopback(system)


def obs(system: System) -> Finding:
    """Which OBS is here; it can watch and feed `understudy serve`."""
    version = _obs_version(system)
    if version is None:
        return Finding(check="OBS", status="ok", says="not found; only needed if you use it")
    shown = ".".join(map(str, version))
    if version < OBS_WITH_WHIP:
        return Finding(
            check="OBS",
            status="missing",
            says=f"OBS {shown} cannot send WHIP; its Browser source works",
            fix="Install OBS 30 or newer to drive the portrait from OBS.",
        )
    return Finding(check="OBS", status="ok", says=f"OBS {shown}")


def _loopback(system: System) -> Finding:
    module = "/sys/module/v4l2loopback"
    if not (system.root / module.lstrip("/")).is_dir():
        return _no_module(system)
    version = _module_version(system)
    called = f"v4l2loopback {version}"
    devices = [camera for camera in linux_cameras(system.root) if camera.is_virtual]
    again = f"sudo modprobe -r v4l2loopback\n{LOAD}"
    if not devices:
        return _broken(f"{called} is loaded without a device", again)
    kernel, needed = LOOPBACK_ON_NEW_KERNELS
    if _numbers(system.kernel)[:2] >= kernel and () < _numbers(version) < needed:
        wanted = ".".join(map(str, needed))
        return _broken(
            f"{called} crashes Linux {system.kernel}",
            f"Install v4l2loopback {wanted} or newer from its own releases.",
        )
    exclusive = (system.text(f"{module}/parameters/exclusive_caps") or "").split(",")
    if "Y" not in exclusive[: len(devices)] and "1" not in exclusive[: len(devices)]:
        return _broken(
            f"{called} has exclusive_caps=0: browsers do not list the camera", f"{again}\n{KEEP}"
        )
    listed = ", ".join(f"{camera.name} ({camera.device})" for camera in devices)
    return Finding(check="virtual camera", status="ok", says=f"{called}: {listed}")


def _module_version(system: System) -> str:
    """As the module says it; Debian's does not, so there by the name of its source's folder."""
    said = system.text("/sys/module/v4l2loopback/version")
    folders = sorted((system.root / "usr/src").glob("v4l2loopback-*"))
    if said is None and folders:
        said = folders[-1].name.removeprefix("v4l2loopback-")
    return said or "of an unknown version"


def _no_module(system: System) -> Finding:
    folder = system.root / "lib/modules" / system.kernel
    if any(folder.rglob("v4l2loopback.ko*")):
        return Finding(
            check="virtual camera",
            status="missing",
            says="v4l2loopback is installed but not loaded",
            fix=f"{LOAD}\n{KEEP}\nIf it is refused: Secure Boot wants the module signed (mokutil).",
        )
    return Finding(
        check="virtual camera",
        status="missing",
        says=f"v4l2loopback is not installed for Linux {system.kernel}",
        fix=f"sudo apt-get install v4l2loopback-dkms linux-headers-$(uname -r)\n{LOAD}",
    )


def _broken(says: str, fix: str) -> Finding:
    return Finding(check="virtual camera", status="broken", says=says, fix=fix)


def _group_fix(system: System) -> str:
    """How to be let in, depending on how far the user has got."""
    for line in (system.text("/etc/group") or "").splitlines():
        name, _, rest = line.partition(":")
        number, members = [*rest.split(":"), "", ""][1:3]
        if name == "video" and number.isdecimal():
            is_member = system.user in members.split(",")
            if is_member and int(number) not in system.groups:
                return "You are in the group video since you logged in: log out and in again."
    return "sudo usermod -aG video $USER\nand log in again."


def _other_cameras(system: System) -> Finding:
    from engine.errors import InputError
    from stream.live.cameras import first_camera

    try:
        return Finding(check="camera", status="ok", says=first_camera(system=system.name))
    except InputError:
        return Finding(
            check="camera",
            status="missing",
            says="no camera was listed",
            fix="Plug one in, and allow this terminal the camera in the system's privacy settings.",
        )


def _obs_version(system: System) -> tuple[int, ...] | None:
    """Where it can be told: the program's own word, or the application's Info.plist."""
    if system.name == "darwin":
        place = system.root / "Applications/OBS.app/Contents/Info.plist"
        with suppress(OSError, plistlib.InvalidFileException):
            content = plistlib.loads(place.read_bytes())
            return _numbers(str(content.get("CFBundleShortVersionString", "0")))
        return None
    if system.name == "win32":
        program = system.root / "Program Files/obs-studio/bin/64bit/obs64.exe"
        return OBS_WITH_WHIP if program.exists() else None  # it does not say which it is
    said = system.run(["obs", "--version"])
    return None if said is None else _numbers(said)


def _numbers(text: str) -> tuple[int, ...]:
    """The first version number in a text; empty where there is none."""
    found = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in found.group().split(".")) if found else ()

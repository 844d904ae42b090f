"""Video devices as Linux shows them, made of files."""

from pathlib import Path


def make_device(
    root: Path, number: int, name: str, *, index: int = 0, is_virtual: bool = False
) -> None:
    """A video device as sysfs shows it."""
    kind = "virtual" if is_virtual else "pci0000:00/usb1"
    device = root / f"sys/devices/{kind}/video4linux/video{number}"
    device.mkdir(parents=True)
    (device / "name").write_text(f"{name}\n")
    (device / "index").write_text(f"{index}\n")
    listed = root / "sys/class/video4linux"
    listed.mkdir(parents=True, exist_ok=True)
    (listed / f"video{number}").symlink_to(device)
    node = root / f"dev/video{number}"
    node.parent.mkdir(exist_ok=True)
    node.touch()

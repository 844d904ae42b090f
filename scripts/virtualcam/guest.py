"""Runs in the virtual machine: a real v4l2loopback, written by Understudy, read back by ffmpeg.

Each picture carries its number as eight wide grey bars of two levels, and a colour for the rest.
"""

import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.frame import Frame, Pixels
from engine.slot import LatestSlot
from stream.doctor.cameras import virtual_camera
from stream.doctor.system import System
from stream.live.cameras import linux_cameras
from stream.live.virtual_camera import VirtualCamera

WIDTH, HEIGHT = 320, 240
BARS = 8
COLOUR = (200, 60, 90)
TOLERANCE = 3
STEP_S = 0.1
"""Between two pictures; the machine is emulated, so it is slow."""


def tell(line: str) -> None:
    """A line that the host shows."""
    sys.stdout.write(f"guest: {line}\n")
    sys.stdout.flush()


def numbered(number: int) -> Pixels:
    """A picture that says which one it is."""
    picture = np.full((HEIGHT, WIDTH, 3), COLOUR, np.uint8)
    for bar in range(BARS):
        left = bar * WIDTH // BARS
        level = 210 if number >> bar & 1 else 40
        picture[: HEIGHT // 2, left : left + WIDTH // BARS] = level
    return picture


def number_of(picture: Pixels) -> int:
    """The number in a picture that was read back."""
    middles = [int((bar + 0.5) * WIDTH / BARS) for bar in range(BARS)]
    return sum(int(picture[HEIGHT // 4, x, 1] > 125) << bar for bar, x in enumerate(middles))


def read_back(device: str, count: int) -> list[Pixels]:
    """So many pictures, by ffmpeg, as RGB."""
    reading = f"ffmpeg -v error -f v4l2 -i {device} -frames:v {count}"
    # As they come: ffmpeg would otherwise repeat pictures by itself to fill a rate.
    writing = "-fps_mode passthrough -vf scale=in_color_matrix=bt601:in_range=tv -pix_fmt rgb24"
    done = subprocess.run(
        [*reading.split(), *writing.split(), "-f", "rawvideo", "-"],
        capture_output=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise SystemExit(f"guest: ffmpeg failed: {done.stderr.decode()}")
    pictures = np.frombuffer(done.stdout, np.uint8).reshape(-1, HEIGHT, WIDTH, 3)
    return list(pictures)


def write_until(slot: LatestSlot[Frame], reader: "Reader") -> None:
    """Put numbered pictures until the reader has what it wants."""
    number = 1
    while reader.is_alive():
        slot.put(Frame(pixels=numbered(number), captured_ns=time.monotonic_ns()))
        number = number % 255 + 1
        time.sleep(STEP_S)


def main() -> None:
    """Each check tells its result; the first that fails ends it."""
    devices = [camera.device for camera in linux_cameras() if camera.is_virtual]
    tell(f"devices: {devices}")
    device = devices[0]
    finding = virtual_camera(System())
    tell(f"doctor: {finding.status}, {finding.says}")
    expect(finding.status == "ok", "the doctor finds nothing wrong")
    slot: LatestSlot[Frame] = LatestSlot()
    camera = VirtualCamera(slot, numbered(0), device=device)
    camera.start()
    check_stream(slot, device, "first reader")
    check_stream(slot, device, "second reader, after the first has left")
    check_repeats(slot, device)
    camera.stop()
    tell(f"closed; {camera.repeats} repetitions, {camera.failures} failures")
    check_second_writer(device)
    tell("passed")


def check_stream(slot: LatestSlot[Frame], device: str, who: str) -> None:
    """The numbers a reader sees never go back, and every picture is whole and in its colours."""
    reader = Reader(device, 60)
    write_until(slot, reader)
    pictures = reader.pictures
    numbers = [number_of(picture) for picture in pictures]
    steps = [(later - sooner) % 255 for sooner, later in pairwise(numbers)]
    tell(f"{who}: {len(pictures)} pictures, numbers {numbers[0]} to {numbers[-1]}")
    expect(len(pictures) == 60, "all pictures came")
    expect(max(steps) < 128 and len(set(numbers)) > 10, f"in order, got {numbers}")
    check_colours(pictures)


def check_repeats(slot: LatestSlot[Frame], device: str) -> None:
    """With a source that is silent, a reader still gets pictures: the last one."""
    slot.put(Frame(pixels=numbered(77), captured_ns=time.monotonic_ns()))
    time.sleep(1.0)
    pictures = read_back(device, 30)
    expect({number_of(picture) for picture in pictures} == {77}, "the last picture stays")
    check_colours(pictures)
    tell("silent source: the last picture is repeated")


def check_second_writer(device: str) -> None:
    """With exclusive_caps=1 a device could be written once per load of the module."""
    slot: LatestSlot[Frame] = LatestSlot()
    camera = VirtualCamera(slot, numbered(5), device=device)
    camera.start()
    expect(number_of(read_back(device, 5)[-1]) == 5, "a second writer is seen")
    camera.stop()
    tell("second writer: opened and read")


def check_colours(pictures: list[Pixels]) -> None:
    """Below the bars each picture has its colour, within the loss of 4:2:0."""
    for picture in pictures:
        off = np.abs(picture[HEIGHT // 2 + 8 :].astype(int) - COLOUR).max()
        expect(off <= TOLERANCE, f"the colour is right, off by {off}")


def expect(is_true: object, what: str) -> None:
    """End with a failure unless it is so."""
    if not is_true:
        tell(f"FAILED: {what}")
        raise SystemExit(1)


class Reader:
    """ffmpeg in a thread."""

    def __init__(self, device: str, count: int) -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._pool = ThreadPoolExecutor(1)
        self._reading = self._pool.submit(read_back, device, count)

    def is_alive(self) -> bool:
        """Whether it still reads."""
        return not self._reading.done()

    @property
    def pictures(self) -> list[Pixels]:
        """All of them; waits for the last."""
        self._pool.shutdown()
        return self._reading.result()


if __name__ == "__main__":
    if not Path("/sys/module/v4l2loopback").is_dir():
        raise SystemExit("guest: FAILED: v4l2loopback is not loaded; run this by run.sh")
    main()

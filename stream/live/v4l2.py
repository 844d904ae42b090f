"""The two Linux video calls that no library of ours makes. Numbers as in <linux/videodev2.h>."""

import os
import struct
import sys
from contextlib import suppress

STREAMON = 0x40045612  # _IOW('V', 18, int)
VIDEO_OUTPUT = 2  # V4L2_BUF_TYPE_VIDEO_OUTPUT


def restore_writer(device: str) -> None:
    """Let a v4l2loopback device be written to again.

    With exclusive_caps=1, version 0.12.7 lets a writer open a device once per load of the module,
    and afterwards shows it as a camera only. Opening it, trying to stream to it and closing it
    makes it a place to write to again. Where that is not needed, it does nothing.
    """
    if sys.platform != "linux":
        return
    import fcntl

    with suppress(OSError):
        handle = os.open(device, os.O_RDWR)
        try:
            fcntl.ioctl(handle, STREAMON, struct.pack("i", VIDEO_OUTPUT))
        finally:
            os.close(handle)

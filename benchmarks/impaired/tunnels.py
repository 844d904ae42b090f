"""Joins two network namespaces by a network that is not as it should be, in real time. Needs root.

    python -m benchmarks.impaired.tunnels A B '{"delay_ms": 20, "loss": 0.05}'

`ip netns add A` and `B` come first. Each gets a TUN device `impaired0`, 10.77.0.1 and 10.77.0.2;
what goes in at one comes out at the other as the `Link` of its direction says. A line of JSON on
standard input replaces the profile; its end ends the program, which then says what was sent and
lost, and to which addresses each side sent anything: all that a namespace has leads here. The
kernel's own `tc netem` does the same where it was built in.
"""

import ctypes
import fcntl
import heapq
import ipaddress
import json
import os
import select
import struct
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from benchmarks.impaired.link import Link, Profile

DEVICE = "impaired0"
ADDRESSES = ("10.77.0.1", "10.77.0.2")
LARGEST = 2048
"""Bytes of a packet; the devices' MTU is 1500."""
IDLE_S = 1.0
_SPOKEN = (6, 17)
"""TCP and UDP, as IP numbers them."""
_TUNSETIFF, _IFF_TUN_NO_PI = 0x400454CA, 0x1001


class Tunnels:
    """The two devices and the links between them."""

    def __init__(self, devices: tuple[int, int], profile: Profile, seed: int = 1) -> None:
        self.links = (Link(profile, seed), Link(profile, seed + 1))
        self.sent_to: tuple[set[str], set[str]] = (set(), set())
        """Where each side sent UDP or TCP to, whether it came through or not."""
        self._devices = devices
        self._coming: list[tuple[float, int, int, bytes]] = []  # when, order, to which, packet
        self._order = count()

    def change(self, profile: Profile) -> None:
        """Be another network, in both directions, from now on."""
        for link in self.links:
            link.profile = profile

    def turn(self, others: list[int]) -> list[int]:
        """Wait for something, carry what there is; which of these other files can be read."""
        now_s = time.monotonic()
        wait_s = max(0.0, self._coming[0][0] - now_s) if self._coming else IDLE_S
        ready, _, _ = select.select([*self._devices, *others], [], [], wait_s)
        for side, device in enumerate(self._devices):
            if device in ready:
                self._take(side, device)
        self._deliver()
        return [other for other in others if other in ready]

    def _take(self, side: int, device: int) -> None:
        while True:
            try:
                packet = os.read(device, LARGEST)
            except BlockingIOError:
                return
            if (destination := destination_of(packet)) is not None:
                self.sent_to[side].add(destination)
            for arrives_s in self.links[side].carry(len(packet), time.monotonic()):
                heapq.heappush(self._coming, (arrives_s, next(self._order), 1 - side, packet))

    def _deliver(self) -> None:
        while self._coming and self._coming[0][0] <= time.monotonic():
            _, _, side, packet = heapq.heappop(self._coming)
            try:
                os.write(self._devices[side], packet)
            except OSError:
                continue  # the device went down: the packet is lost, as on any network


def destination_of(packet: bytes) -> str | None:
    """The address that a UDP or TCP packet goes to; None for what the kernel sends by itself."""
    version = packet[0] >> 4
    if version == 4 and packet[9] in _SPOKEN:
        return str(ipaddress.IPv4Address(packet[16:20]))
    if version == 6 and packet[6] in _SPOKEN:
        return str(ipaddress.IPv6Address(packet[24:40]))
    return None


def device_in(namespace: str, address: str) -> int:
    """A TUN device in a network namespace, up, with this address; its file."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    other = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    library = ctypes.CDLL(None, use_errno=True)
    try:
        if library.setns(other, 0):
            raise OSError(ctypes.get_errno(), f"cannot enter the namespace {namespace}")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", DEVICE.encode(), _IFF_TUN_NO_PI))
        for words in (
            ("addr", "add", f"{address}/24", "dev", DEVICE),
            ("link", "set", DEVICE, "mtu", "1500", "up"),
            ("route", "add", "default", "dev", DEVICE),
            ("link", "set", "lo", "up"),
        ):
            subprocess.run(("ip", *words), check=True)
    finally:
        library.setns(own, 0)
        os.close(own)
        os.close(other)
    return device


def can_tunnel() -> bool:
    """Whether this process may make namespaces and devices."""
    return os.geteuid() == 0 and Path("/dev/net/tun").exists()


def main() -> None:
    """Join the namespaces until standard input ends."""
    ones, others, profile = sys.argv[1:]
    devices = device_in(ones, ADDRESSES[0]), device_in(others, ADDRESSES[1])
    tunnels = Tunnels(devices, Profile(**json.loads(profile)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        if tunnels.turn([sys.stdin.fileno()]):
            line = sys.stdin.readline()
            if not line:
                break
            tunnels.change(Profile(**json.loads(line)))
    found = {
        "sent": [each.sent for each in tunnels.links],
        "lost": [each.lost for each in tunnels.links],
        "sent_to": [sorted(each) for each in tunnels.sent_to],
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

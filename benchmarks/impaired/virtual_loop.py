"""An event loop whose clock jumps: whatever waits for time is due as soon as nothing else is to do.

Ten minutes of a stream take seconds, and take the same course each time. Threads that work for the
loop (`Watched` queues) are waited for before the clock moves, and what an executor would do is done
at once: computing takes no virtual time. UDP goes through a `Network` of `Link`s.
"""

import asyncio
import queue
import selectors
from collections.abc import Callable
from concurrent.futures import Future
from random import Random
from typing import Any, ClassVar

from benchmarks.impaired.link import Link, Profile

Address = tuple[str, int]
PATIENCE_S = 0.001
"""Real time between two looks at a thread that is still at work."""


class Watched(queue.Queue[Any]):
    """A queue of one thread's work, which knows whether that thread is busy with it."""

    everybody: ClassVar[list["Watched"]] = []

    def __init__(self, maxsize: int = 0) -> None:
        super().__init__(maxsize)
        # Each counter has one thread that changes it, so none is ever lost.
        self._given = 0
        self._taken = 0
        self._finished = 0
        Watched.everybody.append(self)

    @property
    def is_busy(self) -> bool:
        """Whether something that was put is not done yet."""
        return self._given > self._finished

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ANN401, FBT001, FBT002
        """Hand over a piece of work; None is the end of it."""
        self._given += item is not None
        super().put(item, block, timeout)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Called again when the piece before is done."""
        self._finished = self._taken
        item = super().get(block, timeout)
        self._taken += item is not None
        return item


class Network:
    """UDP between the addresses of one process: a link for each direction between two hosts."""

    def __init__(self, loop: "VirtualLoop", seed: int) -> None:
        self._loop = loop
        self._seed = seed
        self._links: dict[tuple[str, str], Link] = {}
        self._there: dict[Address, Datagrams] = {}
        self._ports: dict[str, int] = {}

    def link(self, source: str, target: str) -> Link:
        """The way from one host to another; a perfect one at first."""
        way = (source, target)
        if way not in self._links:
            self._links[way] = Link(Profile(), Random(f"{self._seed} {way}").getrandbits(32))
        return self._links[way]

    def open(self, address: Address, protocol: asyncio.DatagramProtocol) -> "Datagrams":
        """Be at an address; port 0 takes the next one."""
        host, port = address
        if port == 0:
            port = self._ports[host] = self._ports.get(host, 50_000) + 1
        if (host, port) in self._there:
            raise OSError(98, "address in use")
        made = self._there[host, port] = Datagrams(self, (host, port), protocol)
        return made

    def leave(self, address: Address) -> None:
        """Be there no more."""
        self._there.pop(address, None)

    def send(self, data: bytes, source: Address, target: Address) -> None:
        """Give a packet to the network."""
        now_s = self._loop.time()
        for arrives_s in self.link(source[0], target[0]).carry(len(data), now_s):
            self._loop.call_at(arrives_s, self._deliver, data, source, target)

    def _deliver(self, data: bytes, source: Address, target: Address) -> None:
        there = self._there.get(target)
        if there is not None:
            there.protocol.datagram_received(data, source)


class Datagrams(asyncio.DatagramTransport):
    """One socket of the network."""

    def __init__(
        self, network: Network, address: Address, protocol: asyncio.DatagramProtocol
    ) -> None:
        super().__init__({"sockname": address})
        self.protocol = protocol
        self._network = network
        self._address = address
        self._is_closing = False

    def sendto(self, data: Any, addr: Any = None) -> None:  # noqa: ANN401
        """Send to an address."""
        assert addr is not None
        if not self._is_closing:
            self._network.send(bytes(data), self._address, (addr[0], addr[1]))

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self._is_closing

    def close(self) -> None:
        """Leave the network."""
        if not self._is_closing:
            self._is_closing = True
            self._network.leave(self._address)
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)

    abort = close


class _Jumping(selectors.DefaultSelector):
    """Moves the loop's clock instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda seconds: None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        while True:
            is_busy = any(each.is_busy for each in Watched.everybody)
            # Looked at after the threads: what the last of them did is there by now.
            if found := super().select(0):
                return found
            if not is_busy and timeout is not None:
                break
            super().select(PATIENCE_S)
        self.jump(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """The loop; `network` is its only one."""

    def __init__(self, seed: int = 1) -> None:
        selector = _Jumping()
        self._now_s = 1_000.0
        super().__init__(selector)
        selector.jump = self._jump
        self.network = Network(self, seed)
        self.hosts = ("10.0.0.1",)
        """The addresses of whoever opens sockets next."""

    def time(self) -> float:
        """Seconds of the virtual clock."""
        return self._now_s

    def _jump(self, seconds: float) -> None:
        # One microsecond more: a timer is due when its time has passed, whatever the rounding.
        self._now_s += seconds + 1e-6 if seconds > 0 else 0.0

    def run_in_executor(  # type: ignore[override]
        self,
        executor: object,
        func: Callable[..., object],
        *args: object,
    ) -> "asyncio.Future[object]":
        """Do it at once."""
        future: Future[object] = Future()
        try:
            future.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 (it belongs to whoever awaits)
            future.set_exception(error)
        return asyncio.wrap_future(future, loop=self)

    async def create_datagram_endpoint(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.DatagramProtocol],
        local_addr: Address | None = None,
        **others: object,
    ) -> tuple[Datagrams, asyncio.DatagramProtocol]:
        """A socket of the virtual network."""
        if local_addr is None or others.get("sock") is not None:
            raise OSError(95, "this network has unicast sockets only")
        protocol = protocol_factory()
        transport = self.network.open((local_addr[0], local_addr[1]), protocol)
        protocol.connection_made(transport)
        return transport, protocol

"""What the processor has used, by its own counter (RAPL, Linux's powercap)."""

from pathlib import Path

from benchmarks.report.report import CannotRunError

POWERCAP = Path("/sys/class/powercap")


class EnergyCounter:
    """Joules of all packages since it was made: of everything that runs on the machine."""

    def __init__(self, folder: Path = POWERCAP) -> None:
        """Find the counters.

        Raises:
            CannotRunError: there are none, or this user may not read them.
        """
        self._places = sorted(
            place for place in folder.glob("intel-rapl:*") if place.name.count(":") == 1
        )
        if not self._places:
            raise CannotRunError("this machine shows no energy counter (RAPL)")
        try:
            self._before = self._read()
        except OSError:
            raise CannotRunError(f"{self._places[0]}/energy_uj may be read by root alone") from None

    def take_j(self) -> float:
        """Since the last call, or since this was made; a counter that has turned over is mended."""
        now, before = self._read(), self._before
        self._before = now
        used = 0
        for place, later, earlier in zip(self._places, now, before, strict=True):
            turn = int((place / "max_energy_range_uj").read_text()) if later < earlier else 0
            used += later - earlier + turn
        return used / 1e6

    def _read(self) -> list[int]:
        return [int((place / "energy_uj").read_text()) for place in self._places]

"""The ladder goes down while frames are lost, up when there is room, and learns from mistakes."""

import itertools

import pytest

from stream.session.ladder import LOSING_S, PATIENCE_S, Ladder, Load, Rung

TICK_S = 0.5


class Machine:
    """A source of 30 frames a second, and a step that takes so long per megapixel."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.now_s = 0.0
        self.ms_per_megapixel = 40.0
        self.sizes = [ladder.size]

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            step_ms = self.ms_per_megapixel * self.ladder.size**2 / 1e6
            done = min(15, round(1e3 * TICK_S / step_ms))
            load = Load(
                now_s=self.now_s, frames=done, drops=15 - done, step_ms=step_ms, fps=done / TICK_S
            )
            if self.ladder.observe(load):
                self.sizes.append(self.ladder.size)


def test_a_machine_that_keeps_up_keeps_its_size() -> None:
    machine = Machine(Ladder(512))
    machine.run(600)
    assert machine.sizes == [512]
    assert machine.ladder.reason is None


def test_a_machine_that_is_too_slow_gets_a_smaller_size_and_is_told_so() -> None:
    machine = Machine(Ladder(512))
    machine.ms_per_megapixel = 200.0  # 52 ms at 512, 26 ms at 352
    machine.run(LOSING_S + 2 * TICK_S)
    assert machine.sizes == [512, 352]
    assert machine.ladder.reason == "this machine was too slow for 512 pixels"


def test_it_never_goes_below_the_least_size() -> None:
    machine = Machine(Ladder(512))
    machine.ms_per_megapixel = 5_000.0
    machine.run(120)
    assert machine.sizes == [512, 352, 256]
    assert "too slow even for 256 pixels" in str(machine.ladder.reason)
    machine.ms_per_megapixel = 100.0
    machine.run(1)
    assert machine.ladder.reason == "this machine was too slow for 512 pixels"


def test_refinement_goes_before_pixels_do_and_comes_back_last() -> None:
    ladder = Ladder(512, refines=True)
    seen = [ladder.rung]

    def run(seconds: float, drops: int) -> None:
        for _ in range(round(seconds / TICK_S)):
            clock.append(clock[-1] + TICK_S)
            load = Load(now_s=clock[-1], frames=15, drops=drops, step_ms=10.0, fps=30.0)
            if ladder.observe(load):
                seen.append(ladder.rung)

    clock = [0.0]
    run(LOSING_S + TICK_S, drops=10)
    assert seen[1:] == [Rung(size=512, refines=False)]
    assert ladder.reason == "this machine was too slow to refine the picture"
    run(LOSING_S + TICK_S, drops=10)
    assert seen[2:] == [Rung(size=352, refines=False)]
    run(3 * PATIENCE_S, drops=0)
    assert seen[3:] == [Rung(size=512, refines=False), Rung(size=512, refines=True)]


@pytest.mark.parametrize("size", [256, 300, 512, 1080])
def test_every_size_is_even_and_falling(size: int) -> None:
    machine = Machine(Ladder(size))
    machine.ms_per_megapixel = 10_000.0
    machine.run(120)
    assert all(each % 2 == 0 for each in machine.sizes)
    assert machine.sizes == sorted(set(machine.sizes), reverse=True)


def test_a_moment_of_losses_changes_nothing() -> None:
    machine = Machine(Ladder(512))
    for _ in range(5):
        machine.ms_per_megapixel = 400.0
        machine.run(LOSING_S - TICK_S)
        machine.ms_per_megapixel = 40.0
        machine.run(5)
    assert machine.sizes == [512]


def test_it_climbs_back_once_there_was_room_for_long_enough() -> None:
    machine = Machine(Ladder(512))
    machine.ms_per_megapixel = 200.0
    machine.run(10)
    machine.ms_per_megapixel = 40.0
    machine.run(PATIENCE_S - 2 * TICK_S)
    assert machine.ladder.size == 352
    machine.run(3 * TICK_S)
    assert machine.ladder.size == 512


def test_a_size_that_would_just_not_fit_is_not_tried() -> None:
    machine = Machine(Ladder(512))
    machine.ms_per_megapixel = 150.0  # 39 ms at 512, 19 ms at 352
    machine.run(300)
    assert machine.sizes == [512, 352]


def test_a_climb_that_proved_wrong_is_tried_later_the_next_time() -> None:
    ladder = Ladder(512)
    now_s = 0.0
    climbs = []
    for _ in range(1200):  # it always looks as if there were room, and there never is
        now_s += TICK_S
        is_large = ladder.size == 512
        load = Load(
            now_s=now_s,
            frames=8 if is_large else 15,
            drops=7 if is_large else 0,
            step_ms=10.0,
            fps=30.0,
        )
        if ladder.observe(load) and ladder.size == 512:
            climbs.append(now_s)
    gaps = [after - before for before, after in itertools.pairwise(climbs)]
    assert len(gaps) >= 2
    assert all(later > 1.5 * sooner for sooner, later in itertools.pairwise(gaps))


def test_too_few_frames_say_nothing() -> None:
    ladder = Ladder(512)
    for second in range(9):
        assert not ladder.observe(
            Load(now_s=float(second), frames=0, drops=1, step_ms=0.0, fps=0.0)
        )

"""Motions of the rig without a driver: a face that does a little of everything."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from engine.rig.motion.factors import motion_from_arkit
from engine.rig.motion.motion import RigMotion, still_motion
from engine.rig.motion.recording import Recording


def moving(index: int) -> RigMotion:
    """Frame number `index` of a made performance: every field of it changes."""
    wave = 0.5 + 0.5 * np.sin(index / 5.0)
    return replace(
        motion_from_arkit({"jawOpen": 0.5 * wave, "browInnerUp": 1.0 - wave, "eyeLookUpLeft": 0.3}),
        aperture=np.array([0.2 + 0.8 * wave, 1.1]),
        lip_contact=float(1.0 - wave),
        rotation=np.array([0.05, 0.01 * index, -0.02]),
        shift=np.array([0.1 * wave, -0.05]),
        log_scale=0.02 * wave,
        rim_share=1.0 - 0.5 * wave,
        nod=0.1 * wave,
    )


def recording_of(motions: Sequence[RigMotion | None], rate: int = 30) -> Recording:
    """These frames, evenly spaced; None is a frame at rest."""
    rows = [still_motion() if motion is None else motion for motion in motions]
    times = [round(index * 1_000_000_000 / rate) for index in range(len(rows))]
    return Recording(
        times_ns=np.array(times, np.int64),
        tracked=np.array([motion is not None for motion in motions]),
        offsets=np.array([row.offsets for row in rows], np.float32),
        aperture=np.array([row.aperture for row in rows], np.float32),
        lip_contact=np.array([row.lip_contact for row in rows], np.float32),
        rotation=np.array([row.rotation for row in rows], np.float32),
        shift=np.array([row.shift for row in rows], np.float32),
        log_scale=np.array([row.log_scale for row in rows], np.float32),
        rim_share=np.array([row.rim_share for row in rows], np.float32),
        nod=np.array([row.nod for row in rows], np.float32),
        rate=Fraction(rate),
    )

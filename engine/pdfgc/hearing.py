"""Lips from sound: 200 ms of log-mel around each picture, heard by the bundle's fourth graph.

Picture k, at 40 k ms, hears from 150 ms before it to 120 ms after. The authors' demo lays its
pictures over the sound 80 ms too early (it makes them from the third on, and takes the sound from
its start); here a picture stands where it is heard.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from engine.pdfgc.graphs import PdfgcGraphs
from engine.pdfgc.layout import INDICES, MEL_BANDS, MEL_FRAMES, MOTION
from engine.pdfgc.recording import PdfgcRecording
from engine.pdfgc.smoothing import PERIOD_NS, bell
from engine.runtimes.base import Array

RATE = Fraction(25)
"""Pictures a second, as the sound encoder was trained."""
MEL_PER_PICTURE = 4
BEFORE = 2 * MEL_PER_PICTURE
"""Mel frames of a window that come before its picture's first."""


def windows_of(mel: Array) -> NDArray[np.float32]:
    """(T, 80) log-mel, a row each 10 ms -> (K, 80, 20), one window each 40 ms; silence beyond."""
    if mel.ndim != 2 or mel.shape[1] != MEL_BANDS:
        raise ValueError(f"log-mel must be (T, {MEL_BANDS}), got {mel.shape}")
    pictures = max(1, -(-len(mel) // MEL_PER_PICTURE))
    padded = np.zeros((BEFORE + pictures * MEL_PER_PICTURE + MEL_FRAMES, MEL_BANDS), np.float32)
    padded[BEFORE : BEFORE + len(mel)] = mel
    starts = range(0, pictures * MEL_PER_PICTURE, MEL_PER_PICTURE)
    return np.stack([padded[start : start + MEL_FRAMES].T for start in starts])


def lips_of(graphs: PdfgcGraphs, mel: Array) -> PdfgcRecording:
    """What a sound does to the lips, smoothed as in the demo; all other codes are zero."""
    heard = np.stack([graphs.hear(window) for window in windows_of(mel)])
    times_ns = np.arange(len(heard), dtype=np.int64) * PERIOD_NS
    codes = np.zeros((len(heard), MOTION), np.float32)
    codes[:, INDICES["lips"]] = bell(heard, times_ns)
    return PdfgcRecording(
        times_ns=times_ns,
        tracked=np.ones(len(heard), np.bool_),
        codes=codes,
        share=np.ones(len(heard), np.float32),
        rate=RATE,
    )

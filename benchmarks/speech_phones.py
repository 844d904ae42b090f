"""Phones of a sound by pocketsphinx, for the comparison; run by a Python that has that package.

python benchmarks/speech_phones.py SAMPLES.f32        (16 kHz, mono, 32-bit floats)

Writes a line of JSON: [name, first, last] for each phone, times in units of 10 ms. It imports
nothing of Understudy, since pocketsphinx lies in an environment of its own.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np


def main(path: Path) -> None:
    """Align freely: whatever phones fit best, without a vocabulary."""
    from pocketsphinx import Decoder

    samples = np.fromfile(path, np.float32)
    whole = (np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16).tobytes()
    decoder: Any = Decoder(
        allphone=_model(), lw=2.0, beam=1e-20, pbeam=1e-20, lm=None, loglevel="FATAL"
    )
    decoder.start_utt()
    decoder.process_raw(whole, full_utt=True)
    decoder.end_utt()
    found = [(part.word, part.start_frame, part.end_frame) for part in decoder.seg()]
    sys.stdout.write(json.dumps(found) + "\n")


def _model() -> str:
    from pocketsphinx import get_model_path

    return str(get_model_path("en-us/en-us-phone.lm.bin"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""How much later than its mouth a rendered film's sound is, by a tracker that looks at the film."""

import tempfile
import wave
from pathlib import Path

import numpy as np

from benchmarks.speech_filmed import Agreement, agreement, read_clip, traits_of
from engine.faces.mesh_tracker import MeshTracker
from engine.rig.model import RigModel
from engine.speech.espeak import Manner, espeak
from stream.files.bundled import ASSETS
from stream.render.job import RenderJob
from stream.render.speaking import speak, track_of

TEXT = "Mama and papa have a piano. Why not? Oh, my father bought a beautiful boat for everybody."


def rendered() -> dict[str, Agreement]:
    """Jaw and contact of a text's film against the mouth that its phonemes ask for, unshifted."""
    with espeak() as speaker:
        spoken = speaker.say(TEXT, Manner())
    model = RigModel()
    mixer = model.mixer()
    track = track_of(spoken)
    mixer.speak(track)
    with tempfile.TemporaryDirectory() as folder:
        sound, film = Path(folder) / "said.wav", Path(folder) / "said.mp4"
        with wave.open(str(sound), "wb") as file:
            file.setparams((1, 2, spoken.rate_hz, 0, "NONE", ""))
            file.writeframes((spoken.samples * 32767).astype(np.int16).tobytes())
        job = RenderJob(portrait=ASSETS / "portrait.png", driving=sound, out=film, size=384)
        speak(job, model=model, make_tracker=MeshTracker, mixer=mixer, idles=False)
        seen = read_clip(film)
    found = agreement(seen, traits_of(track.mouth))
    return {trait: found[trait] for trait in ("jaw", "contact")}

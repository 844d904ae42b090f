"""The whole job on real portraits and clips, with the real tracker and the rig."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.faces.mesh_tracker import MeshTracker
from engine.frame import Frame, Pixels
from engine.framing import fit_portrait
from engine.pictures import open_picture
from engine.reenactor import Reenactor
from engine.rig.model import RigModel
from stream.files.bounded_queue import ahead
from stream.files.clips import Clip
from stream.render.job import RenderJob, reenacted, render
from stream.render.portrait_source import open_source

MEDIA = Path(__file__).parents[2] / "shared" / "media"
PORTRAIT = MEDIA / "portraits" / "grace_hopper.jpg"
DRIVING = MEDIA / "driving" / "d5.mp4"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not MEDIA.is_dir(), reason="the real portraits and clips (../shared/media) are not here"
    ),
]


def frames(count: int) -> Iterator[Frame]:
    return islice(Clip(DRIVING).frames(), count)


def test_streamed_equals_step_by_step() -> None:
    """The frames through the threads of `render`, and one by one as arrays: the same to the bit."""
    picture = open_picture(PORTRAIT)
    tracker = MeshTracker()
    face = tracker.find(picture)
    assert face is not None
    tracker.reset()
    alone = Reenactor(model=RigModel(), tracker=tracker)
    alone.set_portrait(*fit_portrait(picture, face, frame="full", size=256))
    one_by_one = [alone.step(frame).pixels for frame in frames(20)]

    streaming = Reenactor(model=RigModel(), tracker=MeshTracker())
    with open_source(
        [PORTRAIT],
        model=RigModel(),
        finder=MeshTracker(),
        make_tracker=MeshTracker,
        framing="full",
        size=256,
    ) as source:
        streamed = [result.pixels for result in reenacted(ahead(frames(20)), source, streaming)]

    assert len(streamed) == len(one_by_one) == 20
    for streamed_pixels, expected in zip(streamed, one_by_one, strict=True):
        np.testing.assert_array_equal(streamed_pixels, expected)
    assert any(difference(one_by_one[0], pixels) > 0.2 for pixels in one_by_one)  # it does move


def test_the_same_person_is_nearer_to_the_clip_than_the_still_picture(tmp_path: Path) -> None:
    """Portrait and neutral face are one frame of the clip: the result follows the clip itself."""
    index = 33
    clip = Clip(DRIVING)
    portrait = tmp_path / "portrait.png"
    Image.fromarray(clip.frame_at(index).pixels).save(portrait)
    job = RenderJob(
        portrait=portrait, driving=DRIVING, out=tmp_path / "out.mp4", size=480, neutral=index
    )
    report = render(job, model=RigModel(), make_tracker=MeshTracker)
    assert report.frames == 148
    assert report.faceless == 0

    still = open_picture(portrait)
    result = Clip(job.out)
    assert (result.width, result.height) == (clip.width, clip.height)
    pairs = list(zip(clip.frames(), result.frames(), strict=True))
    followed = np.mean([difference(ours.pixels, theirs.pixels) for theirs, ours in pairs])
    unmoved = np.mean([difference(still, theirs.pixels) for theirs, _ in pairs])
    assert followed < unmoved
    assert difference(pairs[index][1].pixels, still) < 2.0  # only the encoder lies between


def difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other).mean())

"""Rendered heads as a tracker sees them: what `correspondence` is found from."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.faces.face import Tracker
from training.correspondence import PARTED_JAW, Sighting
from training.face_mesh import MESH_POINTS
from training.heads.appearance import sample_appearance
from training.heads.bundled import graded, studio_light
from training.heads.factors import Expression, Shapes
from training.heads.identity import sample_identity
from training.heads.posing import Pose
from training.heads.renderer import Renderer
from training.heads.scene import Framing, Shot

FIRST_PERSON = 200
YAWS_DEG = (-22.0, 0.0, 22.0)
"""Straight for the middle of the face, to both sides for cheeks and jaw."""
SPREAD = 0.9


def see(
    renderer: Renderer, tracker: Tracker, people: int, tell: Callable[[int], None]
) -> list[Sighting]:
    """Render people without beard, glasses and fringe, and note what the tracker finds."""
    sightings = []
    size = renderer.quality.size_px
    shot = Shot(
        framing=Framing(),
        light=studio_light(25),
        backdrop=graded((0.5, 0.5, 0.5), (0.4, 0.4, 0.4))(size),
        pose=Pose(),
        expression=Expression(lips=Shapes(weights={"jawOpen": PARTED_JAW})),
        occluder=None,
    )
    for person in range(people):
        seed = FIRST_PERSON + person
        looks = sample_appearance(seed).plain()
        looks = replace(looks, hair=replace(looks.hair, style="crop"))
        actor = renderer.actor(sample_identity(renderer.mesh, seed, SPREAD), looks)
        for yaw in YAWS_DEG:
            seen = renderer.render(actor, replace(shot, pose=Pose(yaw=float(np.radians(yaw)))))
            tracker.reset()
            face = tracker.find(seen.picture)
            if face is not None:
                sightings.append(
                    Sighting(
                        head=seen.posed_head[: renderer.mesh.facekit.size],
                        camera=seen.camera,
                        size_px=size,
                        yaw_rad=float(np.radians(yaw)),
                        landmarks=face.landmarks[:MESH_POINTS, :2],
                    )
                )
        tell(person + 1)
    return sightings

"""The people of the bundle, value by value."""

from training.heads.appearance import Appearance, Clothes, Eyes, Hair, Skin
from training.heads.bundled import Sitter, blurred_scene, graded
from training.heads.posing import Pose
from training.heads.scene import Framing

CLOSE = Framing(distance=95, half_height=16.2, height=1.0)

WOMAN = Sitter(
    file="portrait.png",
    identity=308,
    looks=Appearance(
        seed=308,
        is_male=False,
        skin=Skin(
            tone=(0.86, 0.70, 0.605), blush=0.55, freckles=0.0, makeup=0.25,
            lip_colour=(0.74, 0.40, 0.39), lip_strength=0.75, oil=0.4, age=0.04,
        ),
        eyes=Eyes(
            iris=(0.36, 0.42, 0.27), iris_rad=0.47, pupil_rad=0.19, lash_length=0.95, redness=0.25
        ),
        hair=Hair(
            style="long", colour=(0.30, 0.185, 0.12), volume=0.9, wave=0.55, part=1.6,
            recession=0.0, gloss=0.7, brow_thickness=0.72, brow_strength=0.8, brow_lift=0.0,
            beard="none", beard_length=0.2,
        ),
        clothes=Clothes(
            colour=(0.16, 0.30, 0.40), second_colour=(0.16, 0.30, 0.40), pattern=0, neckline=0
        ),
        wears_glasses=False,
    ),
    framing=CLOSE,
    key_azimuth_deg=36,
    backdrop=graded((0.80, 0.775, 0.735), (0.50, 0.505, 0.515)),
)  # fmt: skip

MAN = Sitter(
    file="portraits/man.png",
    identity=306,
    looks=Appearance(
        seed=306,
        is_male=True,
        skin=Skin(
            tone=(0.74, 0.555, 0.44), blush=0.4, freckles=0.0, makeup=0.0,
            lip_colour=(0.64, 0.40, 0.35), lip_strength=0.5, oil=0.45, age=0.25,
        ),
        eyes=Eyes(
            iris=(0.36, 0.24, 0.14), iris_rad=0.47, pupil_rad=0.18, lash_length=0.5, redness=0.3
        ),
        hair=Hair(
            style="swept", colour=(0.155, 0.11, 0.085), volume=1.0, wave=0.3, part=-2.4,
            recession=0.3, gloss=0.55, brow_thickness=1.1, brow_strength=0.9, brow_lift=-0.05,
            beard="stubble", beard_length=0.2,
        ),
        clothes=Clothes(
            colour=(0.24, 0.27, 0.25), second_colour=(0.24, 0.27, 0.25), pattern=0, neckline=0
        ),
        wears_glasses=False,
    ),
    framing=CLOSE,
    key_azimuth_deg=-34,
    backdrop=blurred_scene(12, 9, 0.85),
)  # fmt: skip

SINGER = Sitter(
    file="portraits/singer.png",
    identity=315,
    looks=Appearance(
        seed=315,
        is_male=False,
        skin=Skin(
            tone=(0.475, 0.32, 0.235), blush=0.35, freckles=0.0, makeup=0.35,
            lip_colour=(0.52, 0.235, 0.22), lip_strength=0.85, oil=0.6, age=0.05,
        ),
        eyes=Eyes(
            iris=(0.25, 0.15, 0.09), iris_rad=0.47, pupil_rad=0.18, lash_length=0.9, redness=0.25
        ),
        hair=Hair(
            style="curly", colour=(0.13, 0.085, 0.065), volume=0.8, wave=0.2, part=0.0,
            recession=0.0, gloss=0.5, brow_thickness=0.75, brow_strength=0.85, brow_lift=0.0,
            beard="none", beard_length=0.2,
        ),
        clothes=Clothes(
            colour=(0.72, 0.56, 0.20), second_colour=(0.72, 0.56, 0.20), pattern=0, neckline=1
        ),
        wears_glasses=False,
    ),
    framing=Framing(distance=95, half_height=18.2, height=2.4),
    key_azimuth_deg=30,
    backdrop=graded((0.46, 0.53, 0.52), (0.20, 0.255, 0.27)),
)  # fmt: skip

PAINTER = Sitter(
    file="portraits/painting.png",
    identity=311,
    looks=Appearance(
        seed=311,
        is_male=True,
        skin=Skin(
            tone=(0.80, 0.61, 0.50), blush=0.9, freckles=0.0, makeup=0.0,
            lip_colour=(0.66, 0.38, 0.34), lip_strength=0.6, oil=0.5, age=0.8,
        ),
        eyes=Eyes(
            iris=(0.36, 0.48, 0.56), iris_rad=0.47, pupil_rad=0.17, lash_length=0.4, redness=0.6
        ),
        hair=Hair(
            style="swept", colour=(0.46, 0.44, 0.42), volume=0.9, wave=0.6, part=2.2,
            recession=1.0, gloss=0.4, brow_thickness=1.2, brow_strength=0.8, brow_lift=-0.08,
            beard="full", beard_length=0.45,
        ),
        clothes=Clothes(
            colour=(0.20, 0.10, 0.09), second_colour=(0.20, 0.10, 0.09), pattern=0, neckline=2
        ),
        wears_glasses=False,
    ),
    framing=CLOSE,
    key_azimuth_deg=48,
    backdrop=graded((0.36, 0.29, 0.21), (0.12, 0.095, 0.075)),
    is_painted=True,
)  # fmt: skip

DRIVER = Sitter(
    file="driving.mp4",
    identity=300,
    looks=Appearance(
        seed=300,
        is_male=True,
        skin=Skin(
            tone=(0.66, 0.475, 0.36), blush=0.4, freckles=0.0, makeup=0.0,
            lip_colour=(0.60, 0.36, 0.32), lip_strength=0.5, oil=0.4, age=0.2,
        ),
        eyes=Eyes(
            iris=(0.30, 0.19, 0.11), iris_rad=0.47, pupil_rad=0.18, lash_length=0.55, redness=0.3
        ),
        hair=Hair(
            style="quiff", colour=(0.115, 0.08, 0.065), volume=0.8, wave=0.3, part=1.0,
            recession=0.2, gloss=0.5, brow_thickness=1.0, brow_strength=0.9, brow_lift=0.0,
            beard="none", beard_length=0.2,
        ),
        clothes=Clothes(
            colour=(0.48, 0.16, 0.14), second_colour=(0.48, 0.16, 0.14), pattern=0, neckline=0
        ),
        wears_glasses=False,
    ),
    framing=Framing(distance=95, half_height=16.6, height=1.0),
    key_azimuth_deg=-30,
    backdrop=graded((0.66, 0.70, 0.68), (0.40, 0.45, 0.47)),
    pose=Pose(),
)  # fmt: skip

PORTRAITS = (WOMAN, MAN, SINGER, PAINTER)

"""Writes the prebuilt PTX, which stands in where NVRTC is missing.

    python -m engine.kernels.prebuild

One file per kernel for the oldest GPU; a driver compiles it for any newer one. Run it after each
change of a kernel, with the oldest CUDA that is to be supported: drivers refuse PTX of a newer one.
"""

import sys

from engine.kernels.compiler import OLDEST, PREBUILT, Nvrtc, Source, kernel_names

ARCHITECTURE = f"compute_{OLDEST[0]}{OLDEST[1]}"


def stamp(name: str) -> bytes:
    """The first line of a prebuilt file: which source it was made of."""
    return f"// source {Source.of(name, {}).key(ARCHITECTURE, '')}\n".encode()


def main() -> int:
    """Write all files and remove those of kernels that are gone."""
    compiler = Nvrtc()
    PREBUILT.mkdir(exist_ok=True)
    for path in PREBUILT.glob("*.ptx"):
        path.unlink()
    for name in kernel_names():
        code = compiler.compile(Source.of(name, {}), ARCHITECTURE).rstrip(b"\0")
        (PREBUILT / f"{name}.ptx").write_bytes(stamp(name) + code)
    return 0


if __name__ == "__main__":
    sys.exit(main())

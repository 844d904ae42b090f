"""Latency and quality, measured; results carry machine and command."""

import engine  # noqa: F401 (before any `import openvino`, which would tell that it was made)

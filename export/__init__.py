"""Checkpoints in, ONNX bundles out, verified against the PyTorch reference."""

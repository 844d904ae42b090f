"""TensorRT and TensorRT for RTX: plans, where they are kept, and how they are run."""

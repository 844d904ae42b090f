"""DPE's live step on an NVIDIA GPU, in torch and our kernels; torch is needed here."""

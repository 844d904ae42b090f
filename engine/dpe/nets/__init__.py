"""The networks of DPE in PyTorch; torch is needed here."""

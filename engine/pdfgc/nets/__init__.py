"""The networks of PD-FGC in PyTorch; torch is needed here."""

"""Networks in PyTorch: the refiner, and the doors to DPE and PD-FGC; torch is needed here."""

"""Networks in PyTorch: the refiner, and the door to DPE; torch is needed here."""

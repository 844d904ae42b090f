"""Layers of StyleGAN2 that the generators of DPE and PD-FGC share; torch is needed here."""

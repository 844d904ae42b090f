"""The PD-FGC family: portraits whose lips, eyes, emotion and pose are driven one by one."""

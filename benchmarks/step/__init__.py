"""The live step, stage by stage."""

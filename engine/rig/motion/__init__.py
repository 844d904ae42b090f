"""The rig's motion: landmark offsets, lids and head pose; its factors, mixtures, records, ARKit."""

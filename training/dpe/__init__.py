"""DPE trained by its own strategy: bidirectional and cyclic, in two stages (arXiv 2301.06281)."""

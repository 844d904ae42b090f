"""The networks in PyTorch; torch is needed here and in the torch backends."""

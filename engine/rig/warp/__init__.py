"""Where each pixel comes from: head, face mesh, layers, and how far they may go."""

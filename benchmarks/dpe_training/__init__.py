"""Does a trained DPE disentangle? Measured on held-out rendered people, whose truth is known."""

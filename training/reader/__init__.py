"""The reader of ARKit coefficients: made from rendered people that the product's tracker saw."""

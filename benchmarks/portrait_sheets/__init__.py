"""Sheets of eight portraits by three drivers in five poses, and what can be measured of them."""

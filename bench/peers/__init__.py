"""Lathe beside its peers: ./dev bench peers, and what is made of its results."""

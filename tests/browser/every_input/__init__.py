"""Workflows whose forms have everything that a form can have."""

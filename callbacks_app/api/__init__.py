"""Callbacks over the REST API, for people and their programs: to be looked at, and answered."""

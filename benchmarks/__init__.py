"""How fast the engine is beside what the same machine does without one. See README.md."""

"""The REST API: parse, one call of the engine, answer."""

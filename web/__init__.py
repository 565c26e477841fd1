"""Pages: a folder a role, template beside its route. Never calls an actor, never writes SQL."""

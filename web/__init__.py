"""Pages: a folder a role, the template beside its route."""

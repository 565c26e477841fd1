"""The bundled mail server: keeps letters for a person to open, answers by what an address begins with."""

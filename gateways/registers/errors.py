"""A register that is not read at all."""


class RegisterRefused(ValueError):
    """The whole file is refused: nothing of it is loaded. The message says what is wrong and what to do."""

    code = "register_refused"
    permanent = True

"""The error of data that a search can't use."""


class DataError(ValueError):
    """The data, or an option that describes it, is unusable; trying again does not help."""

    def __init__(self, argument: str, rule: str, received: str):
        """Makes the message: the argument's name, what it must do or be, and what there was."""
        super().__init__(f"`{argument}` must {rule}. Received: {received}.")

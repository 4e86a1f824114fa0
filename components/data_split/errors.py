"""The error of data that a search can't use."""


class DataError(ValueError):
    """The data, or an option that describes it, is unusable; trying again does not help."""

    def __init__(self, argument: str, rule: str, received: str):
        """Makes the message: the argument's name, what it must do or be, and what there was."""
        super().__init__(f"`{argument}` must {rule}. Received: {received}.")
        self.argument, self.rule, self.received = argument, rule, received

    def below(self, section: str) -> "DataError":
        """Returns the same error of an argument of a section of the search file, such as `final_scaling.target`."""
        return DataError(f"{section}.{self.argument}", self.rule, self.received)

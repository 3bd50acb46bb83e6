"""The errors that a caller may catch; each is also a ValueError."""


class SDEError(ValueError):
    """Base of every error that SDE Explorer raises on purpose; its text is one sentence for people."""


class DataError(SDEError):
    """Pairs, embeddings or a file of the user cannot be used as they are."""


class EncoderError(SDEError):
    """An encoder is unknown, unreachable or does not fit its checkpoint."""


class ConfigError(SDEError):
    """A parameter lies outside what it may be."""

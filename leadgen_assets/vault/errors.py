"""What can be wrong with the vault; every message says what to do and holds no secret."""


class VaultError(Exception):
    """The vault or its master key cannot be used as it is."""

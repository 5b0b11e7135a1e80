"""What can go wrong with a store's server, said so that the reader knows what to do next."""

from __future__ import annotations


class ServiceUnavailable(RuntimeError):
    """A store cannot be started or reached. The text names the choices; it never holds a password."""


class HomeOwned(ServiceUnavailable):
    """Another supervisor already owns this LEADGEN_HOME. The text says which process."""

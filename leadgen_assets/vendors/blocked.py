"""Why a vendor delivers nothing more for now: words that go on record, and that others decide by."""

from __future__ import annotations

from enum import StrEnum

from leadgen_assets.vendors.contracts import (
    VendorError,
    VendorNotEntitled,
    VendorOutOfCredits,
    VendorRejectedCredentials,
    VendorUnavailable,
)


class Block(StrEnum):
    """Reasons that stand until something changes that is not ours to change."""

    UNAVAILABLE = "unavailable"
    OUT_OF_CREDITS = "out of credits"
    CREDENTIAL_REJECTED = "credential rejected"
    NOT_ENTITLED = "not entitled"


_BY_ERROR: tuple[tuple[type[VendorError], Block], ...] = (
    (VendorUnavailable, Block.UNAVAILABLE),
    (VendorOutOfCredits, Block.OUT_OF_CREDITS),
    (VendorRejectedCredentials, Block.CREDENTIAL_REJECTED),
    (VendorNotEntitled, Block.NOT_ENTITLED),
)


def block_of(error: VendorError) -> Block | None:
    """The reason behind an error; None for an error of a single call."""
    return next((word for kind, word in _BY_ERROR if isinstance(error, kind)), None)


def block_named(reason: str | None) -> Block | None:
    """The block that a collector's reason to stop names, if it is one."""
    return Block(reason) if reason in set(Block) else None

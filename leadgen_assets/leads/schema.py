"""The one lead schema: what a vendor's record is mapped to (draft) and what refinement makes of it (lead).

No rule lives here, only names. Rules per field are in the module named after the field.
"""

from __future__ import annotations

SOURCES: tuple[str, ...] = ("apollo", "brightdata", "zoominfo", "sales_navigator")

DRAFT_FIELDS: tuple[str, ...] = (
    "vendor_id",  # the vendor's own id of the person, text
    "linkedin_url",  # as delivered
    "linkedin_member_url",  # Sales Navigator URL or ACwAA/ACoAA token, as delivered
    "full_name",
    "first_name",
    "last_name",
    "job_title",  # as delivered
    "company_name",
    "company_linkedin",  # company page URL or its slug
    "company_website",
    "company_industry",
    "company_size",  # "51-200", "640", as delivered
    "location",  # free text where the vendor has no separate fields
    "location_city",
    "location_state",
    "location_country",
    "email",  # masked addresses are already None
    "email_status",  # the vendor's own word: verified, guessed …
    "phone",
    "profile_picture_url",
    "observed_at",  # ISO 8601, when the vendor saw the person
)
"""What `vendors.<source>.to_draft(record)` returns: every key present, text or None."""

COORDINATES: tuple[str, ...] = (
    "lead_id",
    "sprint",
    "segment",
    "data_source",
    "page",
    "position",
    "data_collected_date",
)
"""Where a record came from. `lead_id` is derived from (sprint, segment, page, position): see `identity.lead_id`."""

LEAD_FIELDS: tuple[str, ...] = (
    *COORDINATES,
    "vendor_id",
    "linkedin_url",  # canonical https://www.linkedin.com/in/<slug> or None
    "linkedin_member",  # case-sensitive member token or None
    "full_name",
    "first_name",
    "last_name",
    "job_title",  # cleaned text
    "target_title",  # one of the sprint's titles or None
    "seniority",
    "title_confidence",  # 0..1
    "company_name",  # cleaned, display
    "company_key",  # without legal suffix, folded: for matching
    "company_linkedin",  # company slug
    "company_website",  # https://domain
    "company_domain",  # registrable domain
    "company_industry",
    "company_size",  # a LinkedIn size band: 1-10, 11-50 … 10001+
    "location_city",
    "location_state",  # two letters in the US
    "location_country",  # ISO 3166-1 alpha-2
    "metro",  # one of the sprint's metros or None
    "email",
    "email_status",
    "email_kind",  # personal | role | disposable | free | None
    "email_verified",  # True, False or None (not checked)
    "phone",  # E.164
    "profile_picture_url",
    "observed_at",
    "flags",  # list of names from `flags.FLAGS`
)
"""Columns of `normalised` frames, one row a delivered record."""

REQUIRED_FIELDS: tuple[str, ...] = (
    "full_name", "linkedin_url", "job_title", "company_name", "location_city", "location_state",
)  # fmt: skip
"""REQ-004. City and state together are the requirement's "location"."""

COMPANY_FIELDS: tuple[str, ...] = ("company_website", "company_industry", "company_size")
"""REQ-007: complete when all three are present."""

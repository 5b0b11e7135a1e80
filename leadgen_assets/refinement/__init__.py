"""From normalised segments to one lead per person, and from scored leads to the lead store."""

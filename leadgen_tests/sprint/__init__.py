"""A whole sprint, from vendors over HTTP to the CRM, run as users run it."""

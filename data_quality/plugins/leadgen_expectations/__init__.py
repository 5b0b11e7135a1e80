"""Great Expectations extensions of this project: expectations core does not have, the results store, the docs views.

Importing the package registers the expectations. Great Expectations puts `plugins/` on the path but never imports
from it, and a suite whose expectation is unknown loads *empty and passes*; whoever opens the context imports this.
"""

from leadgen_expectations.email_addresses import ExpectColumnValuesToBeEmailAddresses

__all__ = ["ExpectColumnValuesToBeEmailAddresses"]

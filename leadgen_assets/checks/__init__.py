"""Asset checks: Great Expectations per layer, schema drift per source, and the gate in front of the CRM."""

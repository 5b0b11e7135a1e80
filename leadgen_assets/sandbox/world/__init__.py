"""The invented people all sandbox vendors know something about, and who they truly are.

`world.World` is the door; the other modules are its parts: `vocabulary` (words), `places`, `companies`, `people`,
`sightings` (what one vendor knows of one person, with which exact keys) and `truth` (which sightings belong together).
"""

from leadgen_assets.sandbox.world.companies import Company
from leadgen_assets.sandbox.world.people import Person
from leadgen_assets.sandbox.world.sightings import Sighting
from leadgen_assets.sandbox.world.truth import ExactTruth
from leadgen_assets.sandbox.world.world import World

__all__ = ["Company", "ExactTruth", "Person", "Sighting", "World"]

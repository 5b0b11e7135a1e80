"""The sandbox's own API below `/_sandbox`: faults, reset, counters, what the CRM and Slack hold, and the truth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from leadgen_assets.sandbox.faults import Faults
from leadgen_assets.sandbox.frame import VendorSim
from leadgen_assets.sandbox.world import ExactTruth, Sighting, World


class Control:
    """Handlers over the vendors of one sandbox. Open to whoever reaches the server, which listens on loopback."""

    def __init__(self, world: World, sims: Mapping[str, VendorSim]) -> None:
        self._world = world
        self._sims = sims

    def routes(self) -> list[Route]:
        return [
            Route("/_sandbox/state", self.state),
            Route("/_sandbox/calls", self.calls),
            Route("/_sandbox/faults/{vendor}", self.faults, methods=["POST"]),
            Route("/_sandbox/reset", self.reset, methods=["POST"]),
            Route("/_sandbox/crm", self.crm),
            Route("/_sandbox/slack", self.slack),
            Route("/_sandbox/truth", self.truth, methods=["GET", "POST"]),
        ]

    async def state(self, _: Request) -> Response:
        """Faults, credits and rate windows of each vendor, and which world this is."""
        vendors = {name: sim.state() for name, sim in self._sims.items()}
        return JSONResponse({"seed": self._world.seed, "people": len(self._world.people), "vendors": vendors})

    async def calls(self, _: Request) -> Response:
        """Requests by vendor, operation and status; credits and list price charged."""
        return JSONResponse({name: sim.calls() for name, sim in self._sims.items()})

    async def faults(self, request: Request) -> Response:
        """Lay switches over a vendor's faults; the answer is what is set now."""
        sim = self._sims.get(request.path_params["vendor"])
        if sim is None:
            return JSONResponse({"error": f"no such vendor; there are {', '.join(self._sims)}"}, 404)
        try:
            sim.faults = Faults.parse(await _json(request), sim.faults)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        sim.faults_changed()
        return JSONResponse(sim.state()["faults"])

    async def reset(self, _: Request) -> Response:
        """Every vendor as on its first minute; the world stays."""
        for sim in self._sims.values():
            sim.reset()
        return JSONResponse({"reset": list(self._sims)})

    async def crm(self, _: Request) -> Response:
        """What HubSpot and Salesforce hold."""
        return JSONResponse({name: self._sims[name].inspect() for name in ("hubspot", "salesforce")})

    async def slack(self, _: Request) -> Response:
        """Messages posted to the webhook."""
        return JSONResponse(self._sims["slack"].inspect())

    async def truth(self, request: Request) -> Response:
        """The exact-key truth about delivered records.

        GET: about what the paid sources delivered since the last reset, plus all rows of the export files (a request
        whose answer was lost counts as delivered). POST `{"records": [[vendor, id], …]}`: about those. `?clusters=1`
        adds the clusters. 404 names a record nobody has.
        """
        if request.method == "POST":
            content = await _json(request)
            asked = content.get("records", []) if isinstance(content, dict) else []
            delivered: list[Sighting] = []
            for position, each in enumerate(asked):
                seen = self._world.sighting(*map(str, each)) if isinstance(each, list) and len(each) == 2 else None
                if seen is None:
                    return JSONResponse({"error": f"records[{position}] is no vendor's record"}, 404)
                delivered.append(seen)
        else:
            delivered = [seen for sim in self._sims.values() for seen in sim.delivered]
            delivered += self._world.sightings("sales_navigator")
        return JSONResponse(_told(self._world.exact_truth(delivered), "clusters" in request.query_params))


def _told(truth: ExactTruth, with_clusters: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "delivered": truth.delivered,
        "quarantined": truth.quarantined,
        "unique": truth.unique,
        "duplicates": truth.duplicates,
        "duplicate_rate": truth.duplicate_rate,
        "conflicted": sorted(truth.conflicted),
    }
    return {**told, "clusters": truth.clusters} if with_clusters else told


async def _json(request: Request) -> Any:
    try:
        return await request.json()
    except ValueError:
        return None

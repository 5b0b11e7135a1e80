"""The picture beside the table: what each stage does at each size, and how our collection stands among its peers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

STAGES = (
    "normalise",
    "dedup",
    "enrich",
    "score",
    "gate",
    "claim",
    "insert",
    "publish",
    "collect",
    "enrich-http",
    "sprint",
)
SIZES = {20_000: "#1d4ed8", 200_000: "#60a5fa", 1_000_000: "#bfdbfe"}
PEERS = {"collect-apollo": "leadgen", "peer-dlt": "dlt", "peer-naive": "naive script"}
_TEXT, _QUIET, _LIMIT = "#1f2937", "#6b7280", "#b45309"
_PEER_SIZE = 20_000

Row = dict[str, Any]


def drawn(content: dict[str, Any], path: Path) -> None:
    """Draw what is on record to an SVG file. The same figures give the same file."""
    rows: dict[tuple[str, int], Row] = {(each["stage"], each["size"]): each for each in content["results"]}
    with mpl.rc_context({"font.size": 9, "text.color": _TEXT, "axes.labelcolor": _TEXT, "svg.hashsalt": "benchmarks"}):
        figure = Figure(figsize=(11, 4), layout="constrained", facecolor="white")
        stages, peers = figure.subplots(1, 2, width_ratios=(5, 4))
        _stages(stages, rows)
        _peers(peers, rows)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _stages(axes: Axes, rows: dict[tuple[str, int], Row]) -> None:
    for place, stage in enumerate(STAGES):
        known = {size: rows[stage, size] for size in SIZES if (stage, size) in rows}
        speeds = [each["leads_per_second"] for each in known.values()]
        if speeds:
            axes.plot([min(speeds), max(speeds)], [place, place], color="#dbeafe", linewidth=3, zorder=1)
        for size, each in known.items():
            axes.plot(each["leads_per_second"], place, "o", color=SIZES[size], markersize=7, zorder=3)
        limit = known.get(min(SIZES), {}).get("baseline")
        if limit and stage != "sprint":
            axes.plot(limit["leads_per_second"], place, "|", color=_LIMIT, markersize=11, markeredgewidth=2, zorder=2)
    axes.set(xscale="log", yticks=range(len(STAGES)), yticklabels=STAGES, ylim=(len(STAGES) - 0.5, -0.5))
    axes.set_title("Leads a second, by stage", loc="left", fontweight="bold")
    for size, colour in SIZES.items():
        axes.plot([], [], "o", color=colour, label=f"{size:,} leads")
    axes.plot([], [], "|", color=_LIMIT, markersize=11, markeredgewidth=2, label="bare baseline, 20,000")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=4, frameon=False, handletextpad=0.2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    _quiet(axes, grid="x")


def _peers(axes: Axes, rows: dict[tuple[str, int], Row]) -> None:
    axes.set_title("Collecting from Apollo, leads a second", loc="left", fontweight="bold")
    found = {label: rows[stage, _PEER_SIZE] for stage, label in PEERS.items() if (stage, _PEER_SIZE) in rows}
    _quiet(axes, grid=None)
    axes.spines["bottom"].set_visible(False)
    axes.set_xticks([])
    if not found:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "not measured yet", ha="center", va="center", color=_QUIET, transform=axes.transAxes)
        return
    speeds = {label: each["leads_per_second"] for label, each in found.items()}
    baseline = next((each["baseline"] for each in found.values() if each["baseline"]), None)
    if baseline:
        speeds["tight asyncio script,\nkeeps nothing safe"] = baseline["leads_per_second"]
    colours = ["#1d4ed8" if label == "leadgen" else "#cbd5e1" for label in speeds]
    bars = axes.barh(list(speeds), list(speeds.values()), color=colours, height=0.6)
    axes.bar_label(bars, labels=[f"{each:,.0f}" for each in speeds.values()], padding=4)
    axes.set_xlim(0, max(speeds.values()) * 1.15)
    axes.invert_yaxis()


def _quiet(axes: Axes, grid: str | None) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, colors=_TEXT)
    axes.set_axisbelow(True)
    if grid == "x":
        axes.grid(axis="x", color="#e5e7eb", linewidth=0.8)

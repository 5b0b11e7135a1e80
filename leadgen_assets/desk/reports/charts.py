"""The drawings of a report, as SVG with letters as outlines: the same on every screen and on paper.

matplotlib is imported when the first one is drawn. Colours are names in `COLOURS`, so that a page can exchange them in
the dark.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from leadgen_assets.desk import wording as say
from leadgen_assets.desk.reports.document import Chart
from leadgen_assets.desk.reports.pace import Pace
from leadgen_assets.desk.status import SegmentStatus

COLOURS: dict[str, str] = {
    "ink": "#1f2933",
    "soft": "#5f6b78",
    "grid": "#dde2e8",
    "main": "#2f6db3",
    "good": "#2b8a6e",
    "warn": "#d0902a",
    "bad": "#bf4038",
    "rest": "#97a3b0",
}
"""Name → the colour on paper."""
_WIDE, _HALF = 6.9, 3.4
_VISIBLE_SHARE = 0.04
"""A line lower than this part of the highest bar would lie on the axis."""
_UNITS = (("seconds", 1.0, 180.0), ("minutes", 60.0, 7200.0), ("hours", 3600.0, float("inf")))
"""Unit of a time axis, its seconds, and the longest span that it serves."""


def progress(pace: Pace, target: int) -> Chart | None:
    """Collected so far over time, and the target; None before the first page."""
    if not pace.buckets or pace.began is None:
        return None
    unit, seconds = _unit(pace)
    ends = [(each.start + pace.width - pace.began).total_seconds() / seconds for each in pace.buckets]
    last = pace.buckets[-1]

    def draw(axes: Any) -> None:
        axes.plot([0, *ends], [0, *(each.total for each in pace.buckets)], color=COLOURS["main"], linewidth=1.8)
        axes.axhline(target, color=COLOURS["soft"], linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            f"target {target:,}", (0, target), (3, 3), textcoords="offset points", color=COLOURS["soft"], fontsize=7
        )
        axes.set_ylim(0, max(target, last.total) * 1.14)
        axes.set_xlim(0, max(ends))
        axes.set_xlabel(f"{unit} since the start")

    alt = f"Line: {last.total:,} records collected in {ends[-1]:,.0f} {unit}; the target is {target:,}."
    return Chart("Collected over time, as pages came in", _svg("progress", draw, _HALF, 2.2), alt)


def course(pace: Pace, required: float | None) -> Chart | None:
    """Collected per hour over time, and the pace that is needed; None before the first page."""
    if not pace.buckets or pace.began is None:
        return None
    unit, seconds = _unit(pace)
    width = pace.width.total_seconds()
    starts = [(each.start - pace.began).total_seconds() / seconds for each in pace.buckets]
    rates = [each.collected * 3600 / width for each in pace.buckets]

    def draw(axes: Any) -> None:
        axes.bar(starts, rates, width=width / seconds * 0.92, align="edge", color=COLOURS["main"])
        if required is not None and required > _VISIBLE_SHARE * max(rates):
            axes.axhline(required, color=COLOURS["bad"], linestyle=(0, (4, 3)), linewidth=1)
            axes.annotate(
                f"needed {required:,.0f}", (1, required), (-3, 3), xycoords=("axes fraction", "data"), ha="right",
                textcoords="offset points", color=COLOURS["bad"], fontsize=7,
            )  # fmt: skip
        axes.set_xlim(min(0, min(starts)), max(starts) + width / seconds)
        axes.set_xlabel(f"{unit} since the start")

    alt = f"Bars: collected per hour in steps of {width:,.0f} seconds; the highest is {max(rates):,.0f} an hour."
    return Chart("Collected per hour", _svg("course", draw, _HALF, 2.2), alt)


def outcomes(segments: Sequence[SegmentStatus]) -> Chart | None:
    """What became of each segment's records; None before any was delivered."""
    if not any(each.delivered for each in segments):
        return None
    parts = [("leads", "main"), ("duplicates", "warn"), ("suppressed", "rest"), ("quarantined", "bad")]
    places = range(len(segments))

    def draw(axes: Any) -> None:
        left = [0] * len(segments)
        for part, colour in parts:
            counts = [getattr(each, part) for each in segments]
            axes.barh(places, counts, left=left, height=0.66, color=COLOURS[colour], label=part)
            left = [one + other for one, other in zip(left, counts, strict=True)]
        axes.set_yticks(places, [each.id for each in segments])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.grid(visible=True, axis="x", color=COLOURS["grid"], linewidth=0.7)
        axes.xaxis.set_major_formatter("{x:,.0f}")
        axes.legend(
            ncols=4, frameon=False, fontsize=7, labelcolor=COLOURS["soft"], loc="lower left", bbox_to_anchor=(0, 1),
            borderaxespad=0.2, handlelength=1, handleheight=0.8, columnspacing=1.4,
        )  # fmt: skip

    alt = "; ".join(f"{each.id}: {', '.join(f'{getattr(each, p):,} {p}' for p, _ in parts)}" for each in segments)
    height = 0.55 + 0.21 * len(segments)
    return Chart("What became of the delivered records", _svg("outcomes", draw, _WIDE, height), alt, is_wide=True)


def histogram(scores: Mapping[int, int], threshold: float) -> Chart | None:
    """Leads by quality score in tens, and the average that is required; None before leads are scored."""
    if not scores:
        return None

    def draw(axes: Any) -> None:
        axes.bar(list(scores), list(scores.values()), width=9.2, align="edge", color=COLOURS["main"])
        axes.axvline(threshold, color=COLOURS["bad"], linestyle=(0, (4, 3)), linewidth=1)
        axes.annotate(
            f"average ≥ {threshold:g}", (threshold, 1), (-3, -8), xycoords=("data", "axes fraction"), ha="right",
            textcoords="offset points", color=COLOURS["bad"], fontsize=7,
        )  # fmt: skip
        axes.set_xlim(0, 100)
        axes.set_xlabel("quality score")

    alt = "Bars: leads by score: " + ", ".join(f"{low} to {low + 10}: {leads:,}" for low, leads in scores.items())
    return Chart("Leads by quality score", _svg("scores", draw, _HALF, 2.2), alt)


def spending(usd: Mapping[str, float], caption: str = "Cost by vendor") -> Chart | None:
    """US dollars by name, the dearest first; None when nothing was bought."""
    found = sorted(((name, value) for name, value in usd.items() if value > 0), key=lambda each: -each[1])
    if not found:
        return None

    def draw(axes: Any) -> None:
        bars = axes.barh(range(len(found)), [value for _, value in found], height=0.62, color=COLOURS["main"])
        axes.bar_label(bars, [say.usd(value) for _, value in found], padding=3, fontsize=7, color=COLOURS["ink"])
        axes.set_yticks(range(len(found)), [name for name, _ in found])
        axes.invert_yaxis()
        axes.grid(visible=False)
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
        axes.margins(x=0.22)

    alt = "Bars: " + ", ".join(f"{name} {say.usd(value)}" for name, value in found)
    return Chart(caption, _svg(f"spending-{caption}", draw, _HALF, max(1.1, 0.35 + 0.3 * len(found))), alt)


def by_day(
    caption: str, labels: Sequence[str], values: Sequence[float], written: Callable[[float], str]
) -> Chart | None:
    """A bar a day; None when all are zero."""
    if not any(values):
        return None

    def draw(axes: Any) -> None:
        axes.bar(range(len(values)), values, width=0.8, color=COLOURS["main"])
        step = max(1, -(-len(labels) // 5))
        axes.set_xticks(range(0, len(labels), step), labels[::step])

    alt = "Bars: " + ", ".join(f"{name} {written(value)}" for name, value in zip(labels, values, strict=True) if value)
    return Chart(caption, _svg(f"day-{caption}", draw, _HALF, 2.0), alt)


def _unit(pace: Pace) -> tuple[str, float]:
    span = len(pace.buckets) * pace.width.total_seconds()
    return next((unit, seconds) for unit, seconds, longest in _UNITS if span <= longest)


def _svg(name: str, draw: Callable[[Any], None], width: float, height: float) -> str:
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    slug = re.sub(r"[^a-z]+", "-", name.lower())
    style: Any = {
        "font.family": "DejaVu Sans", "font.size": 7.5, "svg.fonttype": "path", "svg.hashsalt": slug,
        "text.color": COLOURS["ink"], "axes.labelcolor": COLOURS["soft"], "axes.edgecolor": COLOURS["rest"],
        "xtick.color": COLOURS["soft"], "ytick.color": COLOURS["soft"], "axes.linewidth": 0.7,
        "xtick.major.width": 0.7, "ytick.major.width": 0.0, "xtick.major.size": 2.5,
    }  # fmt: skip
    with rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.grid(visible=True, axis="y", color=COLOURS["grid"], linewidth=0.7)
        axes.yaxis.set_major_formatter("{x:,.0f}")
        draw(axes)
        picture = io.StringIO()
        figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _embeddable(picture.getvalue(), slug)


def _embeddable(svg: str, slug: str) -> str:
    """Without prologue and metadata, and with ids of its own, so that several fit on one page."""
    body = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    body = re.sub(r'\bid="', f'id="{slug}-', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{slug}-", body)
    return re.sub(r"\n\s*", "\n", body).strip()

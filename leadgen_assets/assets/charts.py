"""Pictures for asset metadata: small PNGs inside Markdown, which the Dagster UI shows in a dialog."""

from __future__ import annotations

import base64
import io

import pandas as pd


def score_histogram(scores: pd.Series, threshold: float) -> str:
    """Markdown with the distribution of scores 0..100 in tens, the average and the gate's threshold."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 2.8), layout="constrained")
    axes = figure.subplots()
    axes.hist(scores.astype(float), bins=range(0, 101, 10), color="#4c78a8", edgecolor="white")
    if len(scores):
        axes.axvline(float(scores.mean()), color="#333333", linewidth=1.5, label=f"average {scores.mean():.1f}")
    axes.axvline(threshold, color="#d62728", linestyle="--", linewidth=1.2, label=f"required {threshold:g}")
    axes.set_xlim(0, 100)
    axes.set_xlabel("quality score")
    axes.set_ylabel("leads")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    FigureCanvasAgg(figure)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=80)
    encoded = base64.b64encode(picture.getvalue()).decode("ascii")
    return f"![Distribution of quality scores](data:image/png;base64,{encoded})"

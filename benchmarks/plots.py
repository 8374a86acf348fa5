"""Draw the kept figures into docs/performance: `python -m benchmarks.plots`."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot

from benchmarks.figures import RESULTS

FOLDER = Path(__file__).parent.parent / "docs" / "performance"
COLOURS = {
    "floor": "#7f7f7f",
    "chain": "#07c160",
    "chain-in-the-loop": "#95ddb4",
    "wechatpayv3-async": "#d98c3f",
    "wechatpayv3-sync": "#b0672a",
}
LABELS = {
    "floor": "hand-written floor",
    "chain": "wechatpay_chain",
    "chain-in-the-loop": "wechatpay_chain, one thread",
    "wechatpayv3-async": "wechatpayv3 2.0.4, async",
    "wechatpayv3-sync": "wechatpayv3 2.0.4, sync",
}


def kept(name: str) -> Any:
    """The figures that a benchmark kept."""
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def rates(series: dict[str, Any]) -> list[float]:
    """Calls a second, round by round."""
    return list(series["rate"].values())


def main_job() -> None:
    """Calls a second of all contestants, as multiples of the floor."""
    found = kept("main_job")
    figure, axes = pyplot.subplots(1, len(found), figsize=(10, 3.2), sharey=True)
    for axis, (concurrency, contestants) in zip(axes, found.items(), strict=True):
        base = contestants["floor"]["rate"]
        names = list(contestants)
        ratios = [median(rate / base[number] for number, rate in contestants[name]["rate"].items()) for name in names]
        bars = axis.barh(names, ratios, color=[COLOURS[name] for name in names])
        axis.bar_label(bars, labels=[f"{ratio:.2f}" for ratio in ratios], padding=3, fontsize=8)
        axis.axvline(1, color="#444444", linewidth=0.8, linestyle=":")
        axis.set_title(f"{concurrency} at once", fontsize=10)
        axis.set_xlim(0, max(1.75, *ratios) * 1.15)
        axis.invert_yaxis()
    axes[0].set_yticks(range(len(names)), [LABELS[name] for name in names])
    figure.supxlabel("calls a second, as multiples of the hand-written floor in the same rounds", fontsize=9)
    write(figure, "main_job")


def growth() -> None:
    """Calls a second and the 99th percentile over calls at once."""
    found = kept("growth")["calls"]
    concurrencies = [int(text) for text in found]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.4))
    for name in ("floor", "chain"):
        style = {"color": COLOURS[name], "label": LABELS[name], "marker": "o", "markersize": 4}
        left.plot(concurrencies, [median(rates(found[str(count)][name])) for count in concurrencies], **style)
        tails = [median(found[str(count)][name]["p99"].values()) * 1e3 for count in concurrencies]
        right.plot(concurrencies, tails, **style)
    for axis, title in ((left, "calls a second"), (right, "99th percentile of a call, ms")):
        axis.set_xscale("log", base=2)
        axis.set_xticks(concurrencies, [str(count) for count in concurrencies])
        axis.set_xlabel("calls at once", fontsize=9)
        axis.set_title(title, fontsize=10)
        axis.grid(alpha=0.3)
    left.set_ylim(bottom=0)
    right.set_yscale("log")
    left.legend(fontsize=8, frameon=False)
    write(figure, "growth")


def write(figure: Any, name: str) -> None:
    """Keep a plot."""
    figure.tight_layout()
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
    pyplot.close(figure)
    print(f"docs/performance/{name}.svg")


def main() -> None:
    """Draw all of them."""
    mpl.use("svg")
    mpl.rcParams |= {"font.size": 9, "svg.hashsalt": "wechatpay_chain", "axes.spines.top": False}
    mpl.rcParams["axes.spines.right"] = False
    FOLDER.mkdir(exist_ok=True)
    main_job()
    growth()


if __name__ == "__main__":
    main()

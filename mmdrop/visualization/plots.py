"""Plots of embeddings: maps, distances, CMC and ROC curves, each as an RGB picture."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

_MOST_COLORS = 20  # people with a colour of their own on a map
_SAME, _OTHER = '#26a64c', '#d93038'


def draw_distances(genuine: np.ndarray, impostor: np.ndarray) -> np.ndarray:
    """Histograms of the distances of pairs of one person and of two, each with an area of 1."""
    figure, axes = _figure()
    bins = np.linspace(0, max(1e-6, *(x.max(initial=0) for x in (genuine, impostor))), 61)
    for values, label, color in ((genuine, 'one person', _SAME), (impostor, 'two', _OTHER)):
        if len(values):
            text = f'{label}: {len(values):,} pairs'
            axes.hist(values, bins, density=True, alpha=0.55, color=color, label=text)
    axes.set(xlabel='distance', ylabel='density', title='Pairs by their distance')
    axes.legend(frameon=False)
    return _render(figure)


def draw_cmc(curves: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Share of the queries, in percent, whose person is among the first k, for each curve."""
    figure, axes = _figure()
    for label, values in curves.items():
        axes.plot(range(1, len(values) + 1), values, label=f'{label}, Rank-1 {values[0]:.1f}')
    axes.set(xlabel='rank k', ylabel='found among the first k, percent', title='CMC')
    axes.set_ylim(top=100.5)
    axes.legend(frameon=False, loc='lower right')
    return _render(figure)


def draw_roc(curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """True over false positive rates, these on a logarithmic axis, for each curve."""
    figure, axes = _figure()
    for label, (fpr, tpr) in curves.items():
        shown = fpr > 0
        axes.plot(fpr[shown], 100 * tpr[shown], label=label)
    axes.set(
        xscale='log',
        xlabel='pairs of two people that are accepted, share',
        ylabel='pairs of one person that are accepted, percent',
        title='ROC',
    )
    axes.legend(frameon=False, loc='lower right')
    return _render(figure)


def draw_map(points: np.ndarray, people: Sequence[str]) -> np.ndarray:
    """Images as points; the people with most images have a colour each, the others are grey.

    Args:
        points: ``(N, 2)``.
        people: Whom each shows.
    """
    figure, axes = _figure((8, 7))
    names, counts = np.unique(np.asarray(people), return_counts=True)
    chosen = names[np.argsort(-counts, kind='stable')][:_MOST_COLORS]
    rest = ~np.isin(people, chosen)
    if rest.any():
        label = f'{len(names) - len(chosen)} others'
        axes.scatter(*points[rest].T, s=8, color='0.8', label=label)
    for name, color in zip(chosen, colormaps['tab20'](range(len(chosen))), strict=True):
        rows = np.asarray(people) == name
        axes.scatter(*points[rows].T, s=16, color=[color], label=_cut(str(name)))
    axes.set(xticks=[], yticks=[], title=f'{len(points)} images of {len(names)} people')
    axes.legend(frameon=False, fontsize='small', loc='center left', bbox_to_anchor=(1, 0.5))
    return _render(figure)


def _cut(name: str) -> str:
    return name if len(name) <= 24 else f'{name[:23]}…'


def _figure(size: tuple[float, float] = (6.4, 4.4)) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(alpha=0.25)
    axes.set_axisbelow(True)
    return figure, axes


def _render(figure: Figure) -> np.ndarray:
    image = io.BytesIO()
    figure.savefig(image, format='png', dpi=130)
    return np.asarray(Image.open(image).convert('RGB'))

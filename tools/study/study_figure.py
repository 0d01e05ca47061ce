"""Figure of a study: bars of Rank-1 and mAP of each recipe, with the spread over its seeds."""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot
from matplotlib.figure import Figure
from study_report import TITLES, names, spread, values

from mmdrop.utils import write_atomically

BAR = dict(elinewidth=1, capsize=3)
DOT = dict(color='white', markeredgecolor='black', markersize=4, zorder=4)


def draw(rows: Sequence[dict], path: Path) -> None:
    """Draw bars of Rank-1 and mAP, a panel for each test set; dots are seeds."""
    recipes, sets = names(rows, 'recipe'), names(rows, 'set')
    size = 2.0 + 3.6 * len(sets), 1.3 + 0.62 * len(recipes)
    figure, panels = pyplot.subplots(
        1, len(sets), sharey=True, squeeze=False, figsize=size, layout='constrained'
    )
    for axes, test_set in zip(panels[0], sets, strict=True):
        for offset, name, color in ((-0.2, 'Rank-1', '#3b6fb6'), (0.2, 'mAP', '#e39b3b')):
            numbers = [values(rows, recipe, test_set, name) for recipe in recipes]
            places = [i + offset for i in range(len(recipes))]
            means, deviations = zip(*map(spread, numbers), strict=True)
            axes.barh(places, means, 0.36, xerr=deviations, color=color, label=name, error_kw=BAR)
            for place, dots in zip(places, numbers, strict=True):
                axes.plot(dots, [place] * len(dots), 'o', **DOT)
        axes.set(title=TITLES.get(test_set, test_set), xlabel='percent', xlim=(0, None))
        axes.set_yticks(range(len(recipes)), recipes)
        axes.margins(y=0.01)
        axes.grid(axis='x', alpha=0.3)
        axes.set_axisbelow(True)
    panels[0][0].invert_yaxis()
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=2, frameon=False)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write and close a figure, in the format of the file's suffix, PNG without one."""
    image = io.BytesIO()
    figure.savefig(image, format=path.suffix[1:] or 'png', dpi=150)
    pyplot.close(figure)
    write_atomically(path, image.getvalue())

"""CSV file, Markdown table and heat map of models by test sets."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

from matplotlib import pyplot
from matplotlib.patches import Rectangle
from study_figure import save
from study_report import names

from mmdrop.utils import csv_text, markdown_table

FIGURES = ('Rank-1', 'Rank-5', 'Rank-10', 'mAP', 'mINP')
COSTS = {  # column to header and decimals
    'parameters_m': ('parameters (M)', 2),
    'size_mb': ('size (MB)', 1),
    'ms': ('ms', 1),
    'images_per_s': ('images/s', 0),
}
PLACE = ('model', 'set', 'seen')
FACTS = (
    *('batch_size', 'height', 'width', 'test_seconds', 'config', 'checkpoint'),
    *('commit', 'torch', 'hardware', 'date'),
)
COLUMNS = (*PLACE, *FIGURES, *COSTS, *FACTS)


def to_csv(rows: Sequence[dict[str, Any]]) -> str:
    """Lines of the CSV file, one a model and test set."""
    lines = [row | {'seen': 'yes' if row['seen'] else 'no'} for row in rows]
    return csv_text(lines, COLUMNS)


def to_cells(
    rows: Sequence[dict[str, Any]], sets: Sequence[str], figures: Sequence[str]
) -> list[list[str]]:
    """Cells of a table, header first: a line a model, a column a test set.

    Figures that a model reached on a set that it was trained on have a ``*``, and what has not
    been tested a dash.
    """
    cells = [['model', *sets, *(header for header, _ in COSTS.values())]]
    for model in names(rows, 'model'):
        own = {row['set']: row for row in rows if row['model'] == model}
        first = next(iter(own.values()))
        line = [_scores(own[s], figures) if s in own else '–' for s in sets]
        line += [f'{first[key]:.{digits}f}' for key, (_, digits) in COSTS.items()]
        cells.append([model, *line])
    return cells


def to_markdown(rows: Sequence[dict[str, Any]], sets: Sequence[str], figures: Sequence[str]) -> str:
    """Markdown of :func:`to_cells`, with a line that says what is in it."""
    where = ', '.join(names(rows, 'hardware'))
    batches = ' and '.join(map(str, names(rows, 'batch_size')))
    table = markdown_table(to_cells(rows, sets, figures))
    return (
        f'{" / ".join(figures)} in percent; * trained on this data set too. ms of one image, '
        f'images/s in batches of {batches}, on {where}.\n\n{table}\n'
    )


def _scores(row: dict[str, Any], figures: Sequence[str]) -> str:
    return ' / '.join(f'{row[figure]:.1f}' for figure in figures) + ('*' if row['seen'] else '')


def draw_matrix(
    rows: Sequence[dict[str, Any]], sets: Sequence[str], figures: Sequence[str], path: Path
) -> None:
    """Draw a heat map for each figure; a frame marks a set that the model was trained on."""
    models = names(rows, 'model')
    size = 2.4 + len(figures) * (0.5 + 1.1 * len(sets)), 1.9 + 0.6 * len(models)
    figure, panels = pyplot.subplots(
        1, len(figures), sharey=True, squeeze=False, figsize=size, layout='constrained'
    )
    places = {(row['model'], row['set']): row for row in rows}
    for axes, name in zip(panels[0], figures, strict=True):
        values = [
            [places.get((model, s), {}).get(name, float('nan')) for s in sets] for model in models
        ]
        axes.imshow(values, cmap='viridis', vmin=0, vmax=100, aspect='auto')
        for x, y in product(range(len(sets)), range(len(models))):
            row = places.get((models[y], sets[x]))
            if row is None:
                axes.text(x, y, '–', ha='center', va='center')
                continue
            color = 'white' if row[name] < 60 else 'black'
            axes.text(x, y, f'{row[name]:.1f}', color=color, ha='center', va='center')
            if row['seen']:
                axes.add_patch(
                    Rectangle((x - 0.46, y - 0.44), 0.92, 0.88, fill=False, ec='#e03c31', lw=2.5)
                )
        axes.set_title(name)
        axes.set_xticks(range(len(sets)), sets, rotation=30, ha='right', rotation_mode='anchor')
        axes.set_yticks(range(len(models)), [_label(model, rows) for model in models])
    figure.supxlabel('tested on; framed: trained on it too', fontsize='small')
    save(figure, path)


def _label(model: str, rows: Sequence[dict[str, Any]]) -> str:
    row = next(row for row in rows if row['model'] == model)
    return f'{model}\n{row["parameters_m"]:.2f} M, {row["ms"]:.1f} ms'

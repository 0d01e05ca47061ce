"""Pictures of rankings and parsing, and the hooks that make them in a run."""

from .canvas import PART_COLORS, part_palette
from .drawing import (
    draw_parsing,
    draw_parsing_rows,
    draw_parsing_sheet,
    draw_ranking,
    draw_ranking_sheet,
    overlay_parsing,
)
from .evidence import draw_answer_sheet
from .hooks import ParsingHook, RankingHook
from .plots import draw_cmc, draw_distances, draw_map, draw_roc
from .reid_visualizer import ReIDVisualizer

__all__ = [
    'PART_COLORS',
    'ParsingHook',
    'RankingHook',
    'ReIDVisualizer',
    'draw_answer_sheet',
    'draw_cmc',
    'draw_distances',
    'draw_map',
    'draw_parsing',
    'draw_parsing_rows',
    'draw_parsing_sheet',
    'draw_ranking',
    'draw_ranking_sheet',
    'draw_roc',
    'overlay_parsing',
    'part_palette',
]

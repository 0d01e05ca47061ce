"""What the embeddings of a model look like on its test set, to see one that has collapsed.

For each embedding, over the images that show it::

    visible    share of the images
    length     mean Euclidean length
    constant   share of the mean square that is the same for all images, |mean|² / mean |x|²
    zeros      share of the numbers that are 0
    distance   mean distance to 500 of the images after normalisation; 1.4 if they are unrelated

    python tools/analysis/describe_embeddings.py CONFIG CHECKPOINT [--set occluded]
"""

import torch
from check_metric import extract
from study_report import plain_table
from torch import Tensor
from torch.nn.functional import normalize

from mmdrop.engine import keep_freed_memory, make_parser


def describe(embedding: Tensor, visible: Tensor) -> list[float]:
    """The numbers above of one embedding, ``(N, C)`` and ``(N,)`` bool."""
    shown = embedding[visible].double()
    unit = normalize(shown)
    some = unit[torch.linspace(0, len(unit) - 1, 500).long()]
    return [
        visible.double().mean().item(),
        shown.norm(dim=1).mean().item(),
        (shown.mean(0).square().sum() / shown.square().sum(1).mean()).item(),
        (shown == 0).double().mean().item(),
        torch.cdist(unit, some).mean().item(),
    ]


def main() -> None:
    parser = make_parser(__doc__.splitlines()[0])
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--set', help='a further set of a MultiSetTestLoop')
    args = parser.parse_args()
    keep_freed_memory()
    samples, _ = extract(args)
    embeddings = torch.stack([sample['embeddings'] for sample in samples])
    visible = torch.stack([sample['visibility'] for sample in samples])
    cells = [['embedding', 'visible', 'length', 'constant', 'zeros', 'distance']]
    for i, name in enumerate(samples[0]['embedding_names']):
        numbers = describe(embeddings[:, i], visible[:, i]) if visible[:, i].any() else []
        cells.append([name, *(f'{x:.2f}' for x in numbers)] if numbers else [name, *['–'] * 5])
    print(f'{len(samples)} images')
    print(plain_table(cells))


if __name__ == '__main__':
    main()

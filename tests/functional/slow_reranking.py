"""k-reciprocal re-ranking (Zhong et al., CVPR 2017), written to be read and not to be fast.

A reference for tests: plain lists, one small function for each step, no shortcuts.
"""

import math


def slow_rerank(
    distance: list[list[float]],
    num_queries: int,
    k1: int,
    k2: int,
    weight: float,
) -> list[list[float]]:
    """Re-rank the gallery for each query by the neighbours that the two have in common.

    An infinite distance marks a pair that can never be neighbours: neither is in the other's
    neighbour list, and the pair's final distance is infinite.

    Args:
        distance: Euclidean distances (not squared) between all images, the queries first and the
            gallery after them. Symmetric.
        num_queries: How many of the images are queries.
        k1: How many neighbours, besides the image itself, the reciprocal test looks at.
        k2: Over how many neighbours, the image itself included, encodings are averaged. With 1
            they are left as they are.
        weight: Share of the original distance in the final one; the rest is the Jaccard distance.

    Returns:
        The final distance of each query (row) to each gallery image (column).
    """
    num_images = len(distance)
    normalised = [normalise_row(row) for row in distance]
    ranking = [rank_row(row) for row in distance]

    encodings = []
    for image in range(num_images):
        neighbours = expanded_neighbours(ranking, image, k1)
        encodings.append(encode(normalised[image], neighbours))
    if k2 > 1:
        encodings = average_over_neighbours(encodings, ranking, k2)

    final = []
    for query in range(num_queries):
        final_row = []
        for gallery in range(num_queries, num_images):
            original = normalised[query][gallery]
            if math.isinf(original):
                final_row.append(math.inf)
                continue
            jaccard = jaccard_distance(encodings[query], encodings[gallery])
            final_row.append((1 - weight) * jaccard + weight * original)
        final.append(final_row)
    return final


def normalise_row(row: list[float]) -> list[float]:
    """Square one image's distances and divide them by the largest finite square.

    Args:
        row: Euclidean distances of one image to all images.

    Returns:
        The normalised distances: from 0 to 1, or infinite where the distance is infinite.
    """
    squares = [value * value for value in row]
    largest = 0.0
    for square in squares:
        if not math.isinf(square) and square > largest:
            largest = square
    if largest == 0.0:
        largest = 1.0
    return [square / largest for square in squares]


def rank_row(row: list[float]) -> list[int]:
    """List the images that can be neighbours of one image, the nearest first.

    Args:
        row: Euclidean distances of one image to all images.

    Returns:
        Indices in ascending order of distance, the smaller index first among equal distances.
        Images at an infinite distance are left out.
    """
    candidates = []
    for index, value in enumerate(row):
        if not math.isinf(value):
            candidates.append((value, index))
    candidates.sort()
    return [index for _, index in candidates]


def reciprocal_neighbours(ranking: list[list[int]], image: int, k: int) -> set[int]:
    """Find the near neighbours of an image that count the image among their own.

    Args:
        ranking: For each image, the images in ascending order of distance.
        image: The image whose neighbours are wanted.
        k: How many neighbours to look at, besides the image itself.

    Returns:
        Those of the first ``k + 1`` ranked images whose own first ``k + 1`` contain ``image``.
    """
    reciprocal = set()
    for other in ranking[image][: k + 1]:
        if image in ranking[other][: k + 1]:
            reciprocal.add(other)
    return reciprocal


def expanded_neighbours(ranking: list[list[int]], image: int, k1: int) -> set[int]:
    """Add to an image's reciprocal neighbours those of its neighbours that mostly agree with them.

    Args:
        ranking: For each image, the images in ascending order of distance.
        image: The image whose neighbours are wanted.
        k1: How many neighbours of ``image`` to look at; of its neighbours, half as many.

    Returns:
        The expanded set of reciprocal neighbours.
    """
    half = round(k1 / 2)  # Python rounds a half to the even neighbour: 2.5 to 2, 3.5 to 4.
    original = reciprocal_neighbours(ranking, image, k1)
    expanded = set(original)
    for neighbour in original:
        candidate = reciprocal_neighbours(ranking, neighbour, half)
        # The overlap is always with the original set, so the order of the loop does not matter.
        # In whole numbers, so that exactly two thirds is not enough whatever the rounding.
        if 3 * len(candidate & original) > 2 * len(candidate):
            expanded = expanded | candidate
    return expanded


def encode(normalised_row: list[float], neighbours: set[int]) -> list[float]:
    """Turn an image's neighbours into weights that sum to 1, the nearer the heavier.

    Args:
        normalised_row: Normalised distances of the image to all images.
        neighbours: The expanded set of its reciprocal neighbours.

    Returns:
        One weight for each image, 0 for those that are not neighbours. All are 0 if nothing is a
        neighbour.
    """
    weights = [0.0] * len(normalised_row)
    for neighbour in neighbours:
        # An image at an infinite distance can come in by the expansion; it weighs exp(-inf) = 0.
        weights[neighbour] = math.exp(-normalised_row[neighbour])
    total = math.fsum(weights)
    if total == 0.0:
        return weights
    return [value / total for value in weights]


def average_over_neighbours(
    encodings: list[list[float]],
    ranking: list[list[int]],
    k2: int,
) -> list[list[float]]:
    """Replace each image's encoding by the mean encoding of its nearest images.

    Args:
        encodings: For each image, its weights. Not changed.
        ranking: For each image, the images in ascending order of distance.
        k2: Over how many ranked images to average, or over all where there are fewer.

    Returns:
        The averaged encodings.
    """
    averaged = []
    for image in range(len(encodings)):
        nearest = ranking[image][:k2]
        if not nearest:
            averaged.append(list(encodings[image]))
            continue
        mean = []
        for column in range(len(encodings[image])):
            total = math.fsum(encodings[other][column] for other in nearest)
            mean.append(total / len(nearest))
        averaged.append(mean)
    return averaged


def jaccard_distance(first: list[float], second: list[float]) -> float:
    """Compare two encodings that each sum to 1.

    Args:
        first: The weights of one image.
        second: The weights of the other image.

    Returns:
        0 for equal encodings, 1 for encodings that have no neighbour in common.
    """
    shared = math.fsum(min(a, b) for a, b in zip(first, second, strict=True))
    return 1 - shared / (2 - shared)

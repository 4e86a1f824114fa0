"""Pareto fronts by the definitions, in plain loops; larger is better."""


def is_dominated(point, others):
    """Whether one of the others is at least as good in everything and better in something."""
    for other in others:
        worse_somewhere = any(mine > theirs for mine, theirs in zip(point, other))
        better_somewhere = any(theirs > mine for mine, theirs in zip(point, other))
        if better_somewhere and not worse_somewhere:
            return True
    return False


def front(points):
    """Indices of the points that none of them dominates."""
    return [index for index, point in enumerate(points) if not is_dominated(point, points)]


def ranks(points):
    """How many fronts must be taken away before a point is on one."""
    found = {}
    rank = 0
    while len(found) < len(points):
        left = [index for index in range(len(points)) if index not in found]
        for index in [left[place] for place in front([points[index] for index in left])]:
            found[index] = rank
        rank += 1
    return [found[index] for index in range(len(points))]


def covered_cells(points, worst_latency):
    """Unit cells of the integer grid over (quality, latency) that a point of whole numbers dominates."""
    cells = 0
    for quality in range(max((point[0] for point in points), default=0)):
        for latency in range(worst_latency):
            # the cell from (quality, latency) to (quality + 1, latency + 1) is dominated wholly or not at all
            cells += any(point[0] >= quality + 1 and point[1] <= latency for point in points)
    return cells

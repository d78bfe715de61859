"""Matching people with seats: who can be seated at all, and which of all ways of seating them is the cheapest.

Whole numbers only, so that every machine and every Python finds the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence


def seatable(edges: Mapping[int, Sequence[int]]) -> list[int]:
    """The people, in the order of `edges`, of a matching that seats as many as can be seated; those who come earlier
    in the mapping have precedence.

    One after the other is taken if the seats of those taken before can be rearranged so that there is one for them too
    (an augmenting path: Berge 1957). The sets that can be seated are the independent sets of a transversal matroid
    (Edmonds and Fulkerson 1965), so this greedy set is as large as any, and nobody earlier stays behind for
    somebody later. Takes O(people · edges).
    """
    seat_of: dict[int, int] = {}
    sitter: dict[int, int] = {}
    for person in edges:
        _augment(person, edges, seat_of, sitter)
    return [person for person in edges if person in seat_of]


def _augment(
    person: int, edges: Mapping[int, Sequence[int]], seat_of: dict[int, int], sitter: dict[int, int]
) -> None:
    """Find a seat for one more person, breadth first, and move along whoever is in the way."""
    reached_by: dict[int, int] = {}
    waiting = deque([person])
    while waiting:
        one = waiting.popleft()
        for seat in edges[one]:
            if seat in reached_by:
                continue
            reached_by[seat] = one
            if seat in sitter:
                waiting.append(sitter[seat])
                continue
            free: int | None = seat
            while free is not None:
                mover = reached_by[free]
                sitter[free] = mover
                seat_of[mover], free = free, seat_of.get(mover)
            return


def cheapest(costs: Sequence[Sequence[int]]) -> list[int]:
    """For each row the column that is its own, so that the sum of the costs is the least; raises
    ValueError where there are more rows than columns.

    The Hungarian method with potentials (Kuhn 1955, Munkres 1957; in the form of Jonker and Volgenant 1987), exact
    in whole numbers of any size. Takes O(rows² · columns).
    """
    if not costs:
        return []
    columns = len(costs[0])
    if len(costs) > columns:
        raise ValueError("more rows than columns")
    row_potential = [0] * (len(costs) + 1)
    potential = [0] * (columns + 1)
    # Rows and columns count from 1; column 0 is where the row that is being placed comes from.
    row_of = [0] * (columns + 1)
    for row in range(1, len(costs) + 1):
        row_of[0] = row
        column, before = _shortest_path(costs, row_of, row_potential, potential)
        while column:
            row_of[column] = row_of[before[column]]
            column = before[column]
    found = [0] * len(costs)
    for column in range(1, columns + 1):
        if row_of[column]:
            found[row_of[column] - 1] = column - 1
    return found


def _shortest_path(
    costs: Sequence[Sequence[int]], row_of: list[int], row_potential: list[int], potential: list[int]
) -> tuple[int, list[int]]:
    """The nearest free column by reduced costs (Dijkstra), and by column the one before it on the way."""
    before = [0] * len(potential)
    distance: dict[int, int] = {}
    far = set(range(1, len(potential)))
    reached = [0]
    while True:
        column = reached[-1]
        row = row_of[column]
        for other in far:
            reduced = costs[row - 1][other - 1] - row_potential[row] - potential[other]
            if other not in distance or reduced < distance[other]:
                distance[other], before[other] = reduced, column
        step, nearest = min((distance[other], other) for other in far)
        for one in reached:
            row_potential[row_of[one]] += step
            potential[one] -= step
        for other in far:
            distance[other] -= step
        if not row_of[nearest]:
            return nearest, before
        reached.append(nearest)
        far.remove(nearest)

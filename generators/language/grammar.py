"""The grammar of repeat units, as a state machine over batches of strings."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from generators.language.vocabulary import MAX_RINGS, Kind, Vocabulary

MAX_DEPTH = 16
"""Maximum number of open branches."""

_SLACK = 5
"""One more than the largest number of tokens by which a single token can lengthen the shortest ending."""

_SHORTEST = 2

_FRESH, _RINGS_OPENED, _AFTER_BRANCH, _IN_BRANCH, _START = range(5)
_MAX_CLOSURES = 4

IntArray = NDArray[np.int16]
BoolArray = NDArray[np.bool_]


@dataclass
class GrammarState:
    """State of n unfinished strings; the first axis of every array is the string.

    Attributes:
        length: Number of tokens so far.
        phase: Phase of the current atom: ring closures come first, then ring openings, then branches.
        atom: Index of the current atom; the head star is 0.
        parent: Index of the atom it is bound to.
        distance: Number of bonds between the current atom and the head star along the tree.
        free: Remaining valence of the current atom.
        saturated: Whether the current atom must use its full valence.
        n_atoms: Number of atoms so far, including the head star.
        n_rings: Number of open rings.
        ring_atom, ring_order, ring_distance: (n, MAX_RINGS) opening atom of each open ring, bond order, distance of that atom.
        last_closed: Position in the ring stack of the last ring closed at the current atom.
        closed: (n, 4) opening atoms of the rings closed at the current atom.
        depth: Number of open branches.
        branch_free, branch_atom, branch_distance, branch_saturated: (n, MAX_DEPTH) properties of the atoms that carry open branches.
    """

    length: IntArray
    phase: IntArray
    atom: IntArray
    parent: IntArray
    distance: IntArray
    free: IntArray
    saturated: BoolArray
    n_atoms: IntArray
    n_rings: IntArray
    ring_atom: IntArray
    ring_order: IntArray
    ring_distance: IntArray
    last_closed: IntArray
    closed: IntArray
    depth: IntArray
    branch_free: IntArray
    branch_atom: IntArray
    branch_distance: IntArray
    branch_saturated: BoolArray

    @property
    def in_branch(self) -> BoolArray:
        """Whether a branch has just been opened."""
        in_branch: BoolArray = self.phase == _IN_BRANCH
        return in_branch

    def take(self, rows: NDArray[np.intp] | BoolArray) -> "GrammarState":
        """Return a copy of the selected rows."""
        return GrammarState(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def __len__(self) -> int:
        """Return the number of strings."""
        return len(self.length)


class Grammar:
    """Grammar that decides which tokens may follow, such that every finished string is a valid repeat unit.

    A finished string is exactly one molecule with two stars on single bonds, closed rings and branches, and no atom above its
    valence. A token is allowed if the string can still be finished within `max_tokens`; close to the limit, only the next token of a
    fixed shortest ending is allowed, so that the mask is never empty.

    Ring bonds have a unique order: at each atom first the closures, from the most recently opened ring backwards, then the openings by
    bond order; of two rings of the same order that were opened at the same atom, the later one is closed first.

    Args:
        vocabulary: Tokens of the grammar.
        max_tokens: Maximum length of a string, including the closing star.
    """

    def __init__(self, vocabulary: Vocabulary | None = None, max_tokens: int = 200) -> None:
        self.vocabulary = vocabulary if vocabulary is not None else Vocabulary()
        self.max_tokens = max_tokens
        if not _SHORTEST <= max_tokens <= 1000:
            raise ValueError(f"max_tokens must be {_SHORTEST} to 1000, got {max_tokens}")
        v = self.vocabulary
        self.star = v.ids["*"]
        self._is_atom = v.kind == Kind.ATOM
        self._left_over = v.valence - v.bond
        self._ring_open = np.flatnonzero(v.kind == Kind.RING_OPEN)
        self._ring_close = np.flatnonzero(v.kind == Kind.RING_CLOSE)
        self._branch_open, self._branch_close = v.ids["("], v.ids[")"]
        self._needs_branch = v.saturated & (self._left_over > 1)
        self._atom_due = np.where(v.saturated & (self._left_over > 0), 3 * self._left_over - 2, 0)

    def start(self, n: int) -> GrammarState:
        """Return the states of n strings that hold only their head star."""

        def zeros(*shape: int) -> IntArray:
            return np.zeros((n, *shape), dtype=np.int16)

        return GrammarState(
            length=zeros(),
            phase=np.full(n, _START, dtype=np.int16),
            atom=zeros(),
            parent=zeros() - np.int16(1),
            distance=zeros(),
            free=zeros() + np.int16(1),
            saturated=np.zeros(n, dtype=bool),
            n_atoms=zeros() + np.int16(1),
            n_rings=zeros(),
            ring_atom=zeros(MAX_RINGS) - np.int16(1),
            ring_order=zeros(MAX_RINGS),
            ring_distance=zeros(MAX_RINGS),
            last_closed=np.full(n, MAX_RINGS, dtype=np.int16),
            closed=zeros(_MAX_CLOSURES) - np.int16(2),
            depth=zeros(),
            branch_free=zeros(MAX_DEPTH),
            branch_atom=zeros(MAX_DEPTH),
            branch_distance=zeros(MAX_DEPTH),
            branch_saturated=np.zeros((n, MAX_DEPTH), dtype=bool),
        )

    def allowed(self, state: GrammarState) -> BoolArray:
        """Return which tokens may follow.

        Returns:
            Mask of shape (n, V) with at least one True in each row.
        """
        v = self.vocabulary
        s = state
        nested = s.depth > 0
        ringable = s.phase <= _RINGS_OPENED

        limit = s.free - (s.phase == _IN_BRANCH)
        limit = np.where(s.saturated, np.minimum(limit, (s.phase == _IN_BRANCH) | (s.free == 1)), limit)
        mask: BoolArray = self._is_atom & (v.bond <= limit[:, None])
        mask &= nested[:, None] | (self._left_over > 0)
        mask[s.depth == MAX_DEPTH] &= ~self._needs_branch

        last_order = s.ring_order[np.arange(len(s)), s.n_rings - 1]
        for token in self._ring_open:
            order = int(v.bond[token])
            ok = ringable & (s.n_rings < MAX_RINGS) & (s.free >= order) & (nested | (s.free > order))
            ok &= ~s.saturated | (order == 1)
            mask[:, token] = ok & ((s.phase == _FRESH) | (last_order <= order))
        for token in self._ring_close:
            mask[:, token] = self._may_close(s, int(v.rank[token]), nested)
        mask[:, self._branch_open] = (s.phase <= _AFTER_BRANCH) & (s.free >= 2) & (s.depth < MAX_DEPTH)
        mask[:, self._branch_close] = nested & ringable & ~(s.saturated & (s.free > 0))
        may_end = ~nested & (s.n_rings == 0) & (s.phase <= _AFTER_BRANCH)
        mask[:, self.star] = may_end & (s.free >= 1) & (~s.saturated | (s.free == 1))

        near = np.flatnonzero(s.length + self._shortest_ending(s) + _SLACK > self.max_tokens)
        if len(near):
            self._restrict(mask, near, s.take(near))
        return mask

    def _restrict(self, mask: BoolArray, rows: NDArray[np.intp], s: GrammarState) -> None:
        """Forbid tokens after which no ending fits within the limit; if no token remains, allow that of the fixed ending."""
        room = self.max_tokens - s.length[:, None] - 1
        mask[rows] &= self._endings(s) <= room
        stuck = np.flatnonzero(~mask[rows].any(axis=1))
        if len(stuck):
            closable = self._may_close(s, 0, s.depth > 0)
            mask[rows[stuck], self._landing(s.take(stuck), closable[stuck])] = True

    def _may_close(self, s: GrammarState, rank: int, nested: BoolArray) -> BoolArray:
        place = s.n_rings - 1 - rank
        ok: BoolArray = (place >= 0) & (s.phase == _FRESH) & (place < s.last_closed)
        rows = np.flatnonzero(ok)
        if not len(rows):
            return ok
        at = place[rows]
        opener = s.ring_atom[rows, at]
        order = s.ring_order[rows, at]
        free = s.free[rows]
        good = (free >= order) & (opener != s.parent[rows]) & ~(s.closed[rows] == opener[:, None]).any(axis=1)
        good &= (nested[rows] | (free > order)) & (~s.saturated[rows] | (order == 1))
        later = np.arange(MAX_RINGS) > at[:, None]
        twin = (s.ring_atom[rows] == opener[:, None]) & (s.ring_order[rows] == order[:, None])
        good &= ~(later & twin).any(axis=1)
        ok[rows] = good
        return ok

    @staticmethod
    def _shortest_ending(s: GrammarState) -> IntArray:
        """Upper bound on the tokens of the ending that `_landing` writes."""
        unfilled = np.where(s.saturated & (s.free > 0), 3 * s.free - 2, s.phase >= _AFTER_BRANCH)
        atom_due = np.where(s.phase == _IN_BRANCH, 1, unfilled)
        ending: IntArray = atom_due + 2 * s.depth + 3 * s.n_rings + np.int16(1)
        return ending

    def _endings(self, s: GrammarState) -> IntArray:
        """Upper bound on the tokens of the ending after each allowed token, shape (n, V)."""
        v = self.vocabulary
        rows = np.arange(len(s))
        endings = np.repeat((2 * s.depth + 3 * s.n_rings + np.int16(1))[:, None], len(v), axis=1)
        endings[:, self._is_atom] += self._atom_due[self._is_atom].astype(np.int16)
        left = s.free[:, None] - v.bond
        due = np.where(s.saturated[:, None] & (left > 0), 3 * left - 2, 0)
        endings[:, self._ring_open] += 3 + due[:, self._ring_open]
        top = s.n_rings - 1
        for token in self._ring_close:
            order = s.ring_order[rows, np.maximum(top - v.rank[token], 0)]
            after = s.free - order
            endings[:, token] += np.where(s.saturated & (after > 0), 3 * after - 2, 0) - 3
        endings[:, self._branch_open] += 3
        at = np.maximum(s.depth - 1, 0)
        hanging = s.branch_free[rows, at]
        endings[:, self._branch_close] += np.where(s.branch_saturated[rows, at], 3 * hanging - 2, 1) - 2
        endings[:, self.star] = 0
        return endings

    def _landing(self, s: GrammarState, closable: BoolArray) -> NDArray[np.intp]:
        """Next token of a fixed ending: fill, close branches, close rings on new carbons, write the star."""
        carbon = self.vocabulary.ids["C"]
        unfilled = s.saturated & (s.phase != _IN_BRANCH)
        conditions = [
            unfilled & (s.free > 1),
            (unfilled & (s.free == 1)) | (s.phase >= _AFTER_BRANCH),
            s.depth > 0,
            (s.n_rings > 0) & closable,
            s.n_rings > 0,
        ]
        choices = [self._branch_open, carbon, self._branch_close, self.vocabulary.ids["%0"], carbon]
        token: NDArray[np.intp] = np.select(conditions, [np.full(len(s), choice) for choice in choices], self.star)
        return token

    def advance(self, state: GrammarState, tokens: NDArray[np.integer]) -> None:
        """Append one allowed token to each string, in place; the closing star changes only the length."""
        v = self.vocabulary
        s = state
        kind = v.kind[tokens]
        s.length += 1
        rows = np.flatnonzero(kind == Kind.ATOM)
        if len(rows):
            self._add_atoms(s, rows, tokens[rows])
        rows = np.flatnonzero(kind == Kind.BRANCH_OPEN)
        if len(rows):
            at = s.depth[rows]
            s.branch_free[rows, at] = s.free[rows]
            s.branch_atom[rows, at] = s.atom[rows]
            s.branch_distance[rows, at] = s.distance[rows]
            s.branch_saturated[rows, at] = s.saturated[rows]
            s.depth[rows] += 1
            s.phase[rows] = _IN_BRANCH
        rows = np.flatnonzero(kind == Kind.BRANCH_CLOSE)
        if len(rows):
            s.depth[rows] -= 1
            at = s.depth[rows]
            s.free[rows] = s.branch_free[rows, at]
            s.atom[rows] = s.branch_atom[rows, at]
            s.distance[rows] = s.branch_distance[rows, at]
            s.saturated[rows] = s.branch_saturated[rows, at]
            s.phase[rows] = _AFTER_BRANCH
        rows = np.flatnonzero(kind == Kind.RING_OPEN)
        if len(rows):
            order = v.bond[tokens[rows]]
            at = s.n_rings[rows]
            s.ring_atom[rows, at] = s.atom[rows]
            s.ring_order[rows, at] = order
            s.ring_distance[rows, at] = s.distance[rows]
            s.n_rings[rows] += 1
            s.free[rows] -= order
            s.phase[rows] = _RINGS_OPENED
        rows = np.flatnonzero(kind == Kind.RING_CLOSE)
        if len(rows):
            self._close_rings(s, rows, v.rank[tokens[rows]])

    def _add_atoms(self, s: GrammarState, rows: NDArray[np.intp], tokens: NDArray[np.integer]) -> None:
        v = self.vocabulary
        bond = v.bond[tokens]
        in_branch = s.phase[rows] == _IN_BRANCH
        s.branch_free[rows[in_branch], s.depth[rows[in_branch]] - 1] -= bond[in_branch]
        s.parent[rows] = s.atom[rows]
        s.atom[rows] = s.n_atoms[rows]
        s.n_atoms[rows] += 1
        s.distance[rows] += 1
        s.free[rows] = v.valence[tokens] - bond
        s.saturated[rows] = v.saturated[tokens]
        s.phase[rows] = _FRESH
        s.last_closed[rows] = MAX_RINGS
        s.closed[rows] = -2

    @staticmethod
    def _close_rings(s: GrammarState, rows: NDArray[np.intp], rank: IntArray) -> None:
        place = s.n_rings[rows] - 1 - rank
        s.free[rows] -= s.ring_order[rows, place]
        s.last_closed[rows] = place
        s.closed[rows] = np.concatenate([s.ring_atom[rows, place][:, None], s.closed[rows][:, :-1]], axis=1)
        # Rings above the closed one move down by one position.
        source = np.minimum(np.arange(MAX_RINGS) + (np.arange(MAX_RINGS) >= place[:, None]), MAX_RINGS - 1)
        for stack in (s.ring_atom, s.ring_order, s.ring_distance):
            stack[rows] = np.take_along_axis(stack[rows], source, axis=1)
        s.n_rings[rows] -= 1
        # The position above the new top may contain a copy of it, which must not count as an open ring.
        s.ring_atom[rows, s.n_rings[rows]] = -1

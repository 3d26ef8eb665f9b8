"""Averaged formal charges for NAGL without enumerating all resonance forms of a conjugated chain.

NAGL's charge models read the formal charge of each atom averaged over the resonance forms of lowest energy (Gilson, Gilson and
Potter, J. Chem. Inf. Comput. Sci. 2003, 43, 1982). It finds them by following every simple path between donors and
acceptors of a conjugated fragment, repeatedly for every form found, which is intractable for an oligomer of an aromatic polyimide.

In that scheme a neutral donor or acceptor has energy 0 and a charged one 5. If no donor or acceptor of a fragment is charged, the
lowest energy is 0, all forms of this energy have the charges of the first one, and no enumeration is needed; this is exact. If some
are charged (nitro groups, azides), electrons move between neighbours at no cost and further only by charging more atoms, so that in
large fragments only a few bonds around the charged atoms are searched.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WHOLE = 20
"""Maximum number of heavy atoms of a fragment with charged atoms that is searched as a whole."""
REACH = 4
"""Bonds around a charged atom within which larger fragments are searched."""

_LOCK = threading.Lock()


@contextmanager
def bounded_resonance() -> Iterator[None]:
    """Restrict NAGL's search for resonance forms to those that can change a charge, within the block.

    Only one block runs at a time in a process.
    """
    from openff.nagl.utils import resonance

    with _LOCK:
        original = resonance.ResonanceEnumerator
        resonance.ResonanceEnumerator = _bounded(original, resonance.FragmentEnumerator)
        try:
            yield
        finally:
            resonance.ResonanceEnumerator = original


def _bounded(enumerator: Any, fragment_class: Any) -> Any:
    class Bounded(enumerator):  # type: ignore[misc]
        def _get_acceptor_donor_fragments(self) -> list[Any]:
            return [
                part
                for fragment in super()._get_acceptor_donor_fragments()
                for part in _parts(fragment, fragment_class)
                if part.acceptor_indices and part.donor_indices
            ]

    return Bounded


def _parts(fragment: Any, fragment_class: Any) -> Iterator[Any]:
    """Yield the parts of a conjugated fragment that have to be searched."""
    import networkx as nx

    graph = fragment.reduced_graph
    charged = [node for node in fragment.resonance_types if graph.nodes[node]["formal_charge"].m != 0]
    if not charged:
        return
    if len(graph) <= WHOLE:
        yield fragment
        return
    near = nx.multi_source_dijkstra_path_length(graph, charged, cutoff=REACH, weight=None)
    for nodes in nx.connected_components(graph.subgraph(near)):
        yield fragment_class(graph.subgraph(nodes))

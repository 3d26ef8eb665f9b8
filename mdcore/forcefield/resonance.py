"""Average formal charges for NAGL without the enumeration of every resonance form of a conjugated chain.

NAGL's charge models read the formal charge of each atom averaged over the resonance forms of lowest energy (Gilson, Gilson and
Potter, J. Chem. Inf. Comput. Sci. 2003, 43, 1982). It finds them by walking every simple path between every donor and every
acceptor of a conjugated fragment, and again from every form so found: on an oligomer of an aromatic polyimide that never ends.

In that scheme a neutral donor or acceptor has energy zero and a charged one 5. So where no donor or acceptor of a fragment is
charged, the lowest energy is zero, every form that has it carries the charges of the first one, and there is nothing to
enumerate; this is exact. Where some are charged (nitro groups, azides), electrons move between neighbours at no cost and
further only by charging more atoms, so that large fragments are searched within a few bonds of the charged atoms.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

WHOLE = 20
"""Heavy atoms up to which a fragment with charged atoms is searched as a whole."""
REACH = 4
"""Bonds around a charged atom that are searched in larger fragments."""

_LOCK = threading.Lock()


@contextmanager
def bounded_resonance() -> Iterator[None]:
    """Let NAGL search for resonance forms only where they can change a charge, for the time of the block.

    One block runs at a time in a process.
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
    """Yield what has to be searched of a conjugated fragment."""
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

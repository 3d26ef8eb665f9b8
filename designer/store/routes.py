"""Synthesis routes of candidates in a store, or that none is known."""

import re
from collections.abc import Collection, Mapping

from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from designer.store.orm import RouteRow
from designer.store.transactions import Patience, write
from generators import Monomer, Route

UNLABELLED = "of the unlabelled polymer"
"""Remark on routes of a polymer with isotope labels."""
Routes = Mapping[str, Route | None]
"""Routes by canonical key, None if none is known."""


def keep_route(engine: Engine, key: str, route: Route | None, patience: Patience | None = None) -> None:
    """Record the route of a repeat unit; an existing one is kept.

    The table is created in stores of earlier versions.

    Args:
        engine: The store.
        key: Canonical key of the repeat unit.
        route: The route; None if none is known.
        patience: Time to wait for the store; by default it is not waited for.

    Raises:
        StoreLocked: The database is locked.
    """
    monomers = [[monomer.name, monomer.smiles] for monomer in route.monomers] if route else []

    def keep(session: Session) -> None:
        RouteRow.metadata.tables[RouteRow.__tablename__].create(session.connection(), checkfirst=True)
        if session.get(RouteRow, key) is None:
            session.add(
                RouteRow(
                    key=key,
                    reaction=route.reaction if route else "",
                    polymer=route.polymer if route else "",
                    monomers=monomers,
                )
            )

    try:
        write(engine, patience or Patience(), keep)
    except IntegrityError:
        # Another campaign recorded the same polymer in the meantime.
        return


def stored_routes(engine: Engine, keys: Collection[str] | None = None) -> Routes:
    """Return the routes of a store, or those of some repeat units; none for a store of an earlier version without routes.

    Conditions and sequence are those of the present rules. Routes of earlier versions with impossible monomers are omitted.
    """
    if not inspect(engine).has_table(RouteRow.__tablename__):
        return {}
    # The rules load RDKit, which most commands do not need.
    from generators import recorded_route

    query = select(RouteRow) if keys is None else select(RouteRow).where(RouteRow.key.in_(keys))
    routes: dict[str, Route | None] = {}
    with Session(engine) as session:
        for row in session.scalars(query):
            if not row.reaction:
                routes[row.key] = None
            elif route := recorded_route(
                row.reaction, row.polymer, [Monomer(name, smiles) for name, smiles in row.monomers]
            ):
                routes[row.key] = route
    return routes


def route_text(routes: Routes, key: str) -> str:
    """Return a route in one line; empty if none was searched for."""
    if key not in routes:
        return ""
    route = routes[key]
    if route is None:
        return "no route known"
    return f"{route} ({UNLABELLED})" if is_labelled(key) else str(route)


def is_labelled(key: str) -> bool:
    """Return whether a canonical key has isotope labels, which routes ignore."""
    return re.search(r"\[\d+[A-Za-z]", key) is not None


def route_document(route: Route | None) -> dict[str, object] | None:
    """Return a route in JSON types."""
    if route is None:
        return None
    return {
        "reaction": route.reaction,
        "polymer": route.polymer,
        "conditions": route.conditions,
        "sequence": route.sequence or None,
        "monomers": [{"name": monomer.name, "smiles": monomer.smiles} for monomer in route.monomers],
    }

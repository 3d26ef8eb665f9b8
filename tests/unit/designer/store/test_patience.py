"""Whatever a running campaign writes waits for a store that is full or locked for a moment."""

from pathlib import Path

import pytest

from designer.errors import StoreLocked
from designer.store import CampaignStore, create_store
from designer.store.calculations import CalculationStore
from designer.store.engine import close_engine
from designer.store.ownership import Ownership
from designer.store.routes import keep_route, stored_routes
from designer.store.transactions import Patience
from generators import Monomer, Route


@pytest.mark.parametrize("what", ["a route", "refractions"])
def test_what_a_campaign_keeps_beside_its_evaluations_waits_for_the_store_as_well(tmp_path: Path, what: str) -> None:
    """A disk that is full for a moment between two transactions must not end a campaign that waits for the others."""
    path = tmp_path / "s.sqlite"
    engine = create_store(f"sqlite:///{path}")
    told: list[str] = []
    with engine.connect() as connection:  # the pool hands out the same connection each time
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def free(text: str) -> None:
        told.append(text)
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")

    text = "x" * 100_000
    try:
        if what == "a route":
            route = Route("radical polymerisation", text, (Monomer("ethylene", "C=C"),))
            keep_route(engine, "*CC*", route, Patience(30.0, free))
            assert "*CC*" in stored_routes(engine)
        else:
            keeper = CalculationStore(engine, Patience(30.0, free))
            keeper.keep("key", "molar_refractions", "*CC*", "level", text)
            assert keeper.get("key") == text
        assert len(told) == 2
        assert "database or disk is full" in told[0]
        assert told[1] == "the store answers again"
    finally:
        close_engine(engine)


def test_a_campaign_that_ended_does_not_fail_for_the_mark_of_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = create_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    store = CampaignStore.begin(engine, name="a", seed=1, config={}, identity={})

    def full(*_: object) -> None:
        raise StoreLocked("store 's' cannot be written (database or disk is full); free some space, then start again")

    try:
        with Ownership(store):
            monkeypatch.setattr(CampaignStore, "transaction", full)
        monkeypatch.undo()
        with Ownership(store) as again:  # the mark that stayed is of this process, which owns nothing any more
            assert not again.lost.is_set()
    finally:
        close_engine(engine)

"""Stores of every version come to the present one, whole or not at all."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text

from designer.cli.main import run
from designer.errors import CampaignBusy, ForeignStore
from designer.store import CampaignStore, create_store, imported_records, migrate, open_store
from designer.store.migrate import migrate_store, migration_engine, upgrade
from designer.store.orm import SCHEMA_VERSION, Base
from designer.store.ownership import Ownership
from designer.store.substances import substance_of_record
from mdcore.chem import Measurement, RepeatUnit
from mdcore.substances import Homopolymer


def make_old(url: str) -> None:
    """Make a store of the first version, as its program left it: two evaluations, one of them failed, no Alembic table."""
    engine = migration_engine(url)
    with engine.begin() as connection:
        upgrade(connection, to="0001")
        connection.execute(text("DROP TABLE alembic_version"))
        connection.execute(
            text(
                "INSERT INTO campaign (name, seed, config, identity, created_at, elapsed_s) VALUES ('old', 3, '{}', '{}', 1.0, 9.0)"
            )
        )
        for number, (key, state, at) in enumerate(
            [("*CC*", "done", 20.0), ("*CO*", "failed", 10.0), ("*CS*", "running", None)]
        ):
            about = {"n": number + 1, "key": key, "state": state, "at": at, "false": False}
            connection.execute(
                text(
                    "INSERT INTO candidate (campaign_id, key, psmiles, origin, in_corpus, created_at) "
                    "VALUES (1, :key, :key, 'smc', :false, 1.0)"
                ),
                about,
            )
            connection.execute(
                text(
                    "INSERT INTO evaluation (campaign_id, candidate_id, ordinal, state, step, settings_digest, seed, folder, "
                    "predicted, attempts, created_at, finished_at, wall_s, diagnostics, provenance) VALUES (1, :n, :n, :state, "
                    "'initial', 'd', 3, 'evaluations/1', '{}', 1, 1.0, :at, 5.0, '{}', '{}')"
                ),
                about,
            )
        connection.execute(
            text(
                "INSERT INTO measurement (evaluation_id, property, value, stderr, unit, fidelity, provenance) VALUES "
                "(1, 'density', 1.1, 0.02, 'g/cm3', 'md-quick', '{\"seed\": 3}')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO failure (evaluation_id, kind, message, provenance) VALUES (2, 'exploded', 'too hot', '{}')"
            )
        )
    engine.dispose()


def difference(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
    return [item for item in found if "alembic_version" not in str(item)]


def check_migrated(url: str) -> None:
    engine = open_store(url)
    try:
        store = CampaignStore.find(engine)
        done, failed, running = store.evaluations()
        assert [record.substance for record in (done, failed, running)] == [None] * 3
        assert substance_of_record(done) == Homopolymer(RepeatUnit.from_psmiles("*CC*"))
        assert done.measurements == (Measurement("density", 1.1, 0.02, "g/cm3", "md-quick", {"seed": 3}),)
        assert failed.failure is not None
        assert failed.failure.message == "too hot"
        assert (done.finished_no, failed.finished_no, running.finished_no) == (2, 1, None)
        finished = store.finish(running.id, (), worker="w", wall_s=1.0, diagnostics={}, provenance={})
        assert finished.finished_no == 3
        assert imported_records(engine) == ()
        assert difference(engine) == []
    finally:
        engine.dispose()


def test_a_new_store_has_the_tables_that_the_program_expects(tmp_path: Path) -> None:
    engine = create_store(f"sqlite:///{tmp_path}/store.sqlite")
    assert difference(engine) == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version FROM schema_version")).scalar_one() == SCHEMA_VERSION
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    engine.dispose()


def test_an_old_store_is_refused_until_it_is_migrated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "store.sqlite"
    make_old(str(path))
    before = path.read_bytes()
    for opener in (open_store, create_store):
        with pytest.raises(
            ForeignStore, match=rf"has schema 1, this program {SCHEMA_VERSION}; bring it .* `designer migrate STORE`"
        ):
            opener(f"sqlite:///{path}")
    assert path.read_bytes() == before
    assert run(["migrate", str(path)]) == 0
    assert f"schema 1 to {SCHEMA_VERSION}" in capfd.readouterr().out
    check_migrated(f"sqlite:///{path}")
    copy = sqlite3.connect(tmp_path / "store.sqlite.v1")
    assert copy.execute("SELECT version FROM schema_version").fetchone() == (1,)
    assert copy.execute("SELECT count(*) FROM evaluation").fetchone() == (3,)
    copy.close()
    assert run(["migrate", str(path)]) == 0
    assert "already has schema" in capfd.readouterr().out


@pytest.mark.postgres
def test_an_old_store_on_postgresql_is_migrated(postgres_url: str) -> None:
    make_old(postgres_url)
    assert migrate_store(postgres_url) == (1, SCHEMA_VERSION, None)
    check_migrated(postgres_url)


def test_a_migration_that_breaks_leaves_the_store_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    make_old(url)

    def broken(connection: object, url: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "_check_references", broken)
        with pytest.raises(KeyboardInterrupt):
            migrate_store(url)
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    assert connection.execute("SELECT version FROM schema_version").fetchone() == (1,)
    assert "claim" not in {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    migrate_store(url)
    check_migrated(url)


def test_a_store_in_use_is_not_migrated(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    engine = create_store(url)
    store = CampaignStore.begin(engine, name="trial", seed=1, config={}, identity={})
    with Ownership(store):
        with engine.begin() as connection:
            connection.execute(text("UPDATE schema_version SET version = 1"))
        with pytest.raises(CampaignBusy, match="'trial' is running; stop it"):
            migrate_store(url)
    engine.dispose()

"""Addresses of stores: paths are paths, URLs are URLs, and a password prints as stars wherever it goes."""

import copy
import json
import pickle
from pathlib import Path

import pytest
from pydantic import BaseModel

from designer.errors import ForeignStore
from designer.redact import holds_password, without_passwords
from designer.store import CampaignStore, create_store, open_store
from designer.store_url import StoreURL

SECRET = "hunter2"

# What a user may call a file, literally.
NAMES = [
    "a b.sqlite", "what?.sqlite", "100%25.sqlite", "a%20b.sqlite", "#1.sqlite",
    "Größe µ.sqlite", "back\\slash.sqlite", ":memory:", "file:x?mode=ro", "a;b&c=d.sqlite", "q'uote\".sqlite"
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_taken_literally(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with CampaignStore.begin(create_store(f"./{name}"), name="trial", seed=1, config={}, identity={}):
        pass
    for address in (str(tmp_path / name), f"./{name}", Path(name)):
        with CampaignStore.find(open_store(address)) as store:
            assert store.campaign().name == "trial"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert str(StoreURL.parse(f"./{name}")) == f"./{name}"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///runs/a.sqlite", "runs/a.sqlite"),
        ("sqlite:////data/a%20b%3F.sqlite", "/data/a b?.sqlite"),
        ("sqlite+pysqlite:///100%25.sqlite", "100%.sqlite"),
        ("SQLite:///C:/data/a.sqlite", "C:/data/a.sqlite"),
    ],
)
def test_a_url_is_read_as_a_url(url: str, path: str) -> None:
    assert StoreURL.parse(url) == StoreURL.of_path(path)
    assert StoreURL.parse(url).path == Path(path)
    assert str(StoreURL.parse(url)) == path


# Each case: an address with the marked password, and how it is shown.
SHOWN = [
    (f"postgresql://ada:{SECRET}@host/db", "postgresql://ada:***@host/db"),
    (f"postgres://ada:{SECRET}@host:5433/db?sslmode=require", "postgresql://ada:***@host:5433/db?sslmode=require"),
    (f"postgresql+psycopg://ada:{SECRET}@[::1]:5432/db", "postgresql://ada:***@[::1]:5432/db"),
    (f"postgresql://ada@host/db?password={SECRET}", "postgresql://ada:***@host/db"),
    (f"postgresql://ada@host/db?sslpassword={SECRET}", "postgresql://ada@host/db?sslpassword=***"),
    (f"postgresql://ada:{SECRET}@@/x@host/db", "postgresql://ada:***@host/db"),
    (f"postgresql://ada:{SECRET}@host/db?options=a@b", "postgresql://ada:***@host/db?options=a%40b"),
]


@pytest.mark.parametrize(("text", "shown"), SHOWN, ids=[shown for _, shown in SHOWN])
def test_a_password_prints_as_stars_and_connects(text: str, shown: str) -> None:
    class Holder(BaseModel):
        store: StoreURL

    url = StoreURL.parse(text)
    printed = [str(url), f"{url}", f"{url:>5}", "%s" % url, str(Holder(store=url).model_dump()["store"])]  # noqa: UP031
    printed.append(json.loads(Holder(store=url).model_dump_json())["store"])
    assert set(printed) == {shown}
    for form in (repr(url), repr([url]), repr(Holder(store=text)), repr(url.reveal()[0])):
        assert SECRET not in form
    for same in (copy.deepcopy(url), pickle.loads(pickle.dumps(url)), StoreURL.parse(text)):
        assert same == url
        assert hash(same) == hash(url)
    address, options = url.reveal()
    assert SECRET in f"{address.password} {options}"
    assert not any(SECRET in str(value) for value in address.query.values())


def test_parts_of_a_url_are_decoded() -> None:
    address, _ = StoreURL.parse("postgresql://a%40b:p%2Fw%3F@host:5433/d%20b").reveal()
    assert (address.username, address.password, address.host, address.port, address.database) == (
        "a@b", "p/w?", "host", 5433, "d b",
    )  # fmt: skip
    assert address.drivername == "postgresql+psycopg"


MISTYPED = [
    f"postgresql://ada:{SECRET}@", f"postgresql://ada:{SECRET}@host", f"postgresql://ada:{SECRET}",
    f"postgresql://ada:{SECRET}/db", f"postgresql:/ada:{SECRET}@host/db", f"postgresql:ada:{SECRET}@host/db",
    f"postgresql//ada:{SECRET}@host/db", f"postgre:/ada:{SECRET}@host/db", f"ada:{SECRET}@host/db", f"ada:{SECRET}@host",
    f"//ada:{SECRET}@host/db", f"postgresql://ada:{SECRET}@host:port/db", f"mysql://ada:{SECRET}@host/db",
    f"postgresql://ada:x?{SECRET}@host/db", f"host=h user=ada password={SECRET} dbname=d", f"sqlite://ada:{SECRET}@host/db",
    f"sqlite:///a.sqlite?password={SECRET}", f"sqlite:a:{SECRET}@b",

]  # fmt: skip


@pytest.mark.parametrize("text", MISTYPED, ids=[text.replace(SECRET, "PW") for text in MISTYPED])
def test_a_mistyped_address_is_refused_without_its_password(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for use in (StoreURL.parse, create_store, open_store):
        with pytest.raises(ForeignStore) as caught:
            use(text)
        assert SECRET not in str(caught.value)
        assert "; " in str(caught.value)  # the remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("mysql://host/db", "'mysql' is not supported"),
        ("sqlite:///a?b", "write %3F"),
        ("sqlite:///a#b", "write %23"),
        ("sqlite://runs/a.sqlite", "write sqlite:///RELATIVE"),
        ("sqlite://", "does not name a file"),
        ("", "is not the name of a file"),
        ("a\0b", "is not the name of a file"),
        ("postgresql://ada@host", "does not name a database; write postgresql://USER:PASSWORD@HOST/DATABASE"),
    ],
)
def test_a_refusal_says_what_to_write(text: str, fragment: str) -> None:
    with pytest.raises(ForeignStore, match=fragment):
        StoreURL.parse(text)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("see postgresql://ada:pw@h/db.", "see postgresql://ada:***@h/db."),
        ("'postgresql:/ada:p@w/x@h/db'", "'postgresql:/ada:***@h/db'"),
        ("ada:pw@host: no", "ada:***@host: no"),
        ("host=h password=pw dbname=d", "host=h password=*** dbname=d"),
        ("http://h/?sslpassword=pw&x=1", "http://h/?sslpassword=***&x=1"),
    ],
)
def test_text_of_unknown_origin_loses_passwords(text: str, safe: str) -> None:
    assert without_passwords(text) == safe
    assert without_passwords(safe) == safe
    assert not holds_password(safe)


@pytest.mark.parametrize(
    "text",
    ["*C[C@@H](*)c1ccccc1", "[*:1][C@H]([*:2])C/C=C/[C@@H:3]", "tcp://10.0.0.5:8786", "ssh ada@host: no route", "12:30 by ada@host",
     "postgresql://USER:PASSWORD@HOST/DATABASE", "postgresql://ada@host:5432/db is locked"],
)  # fmt: skip
def test_text_without_passwords_stays(text: str) -> None:
    assert without_passwords(text) == text

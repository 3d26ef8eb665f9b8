"""A marked password in every parameter of every command, in campaign files and in a real server's address: nothing repeats it."""

import json
import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from designer import Campaign, CampaignConfig
from designer.cli.commands import COMMANDS, LazyCommand
from designer.cli.main import run
from designer.cli.passwords import STORES
from designer.config import load_config
from designer.errors import InvalidConfig
from mdcore.chem import Measurement

MARK = "h0rse"
SECRET = f"s3cr3t-{MARK}"
# Nobody listens at this port.
PLACE = "127.0.0.1:1/db"
ADDRESSES = {
    "plain": f"postgresql://ada:{SECRET}@{PLACE}",
    "option": f"postgresql://ada@{PLACE}?sslmode=prefer&password={SECRET}",
    "blanks": f"postgresql://ada:my {SECRET}@{PLACE}",
    "encoded": f"postgresql://ada:s3cr3t%2D{MARK}@{PLACE}",
    "hostless": f"postgresql://ada:{SECRET}/db",
    "libpq": f"host=127.0.0.1 port=1 user=ada password='my {SECRET}' dbname=db",
    "equals": f"user=ada password = {SECRET}",
}
LOADED: dict[str, Any] = {entry.name: LazyCommand(entry).loaded() for entry in COMMANDS}


def arguments(command: Any, marked: Any, address: str) -> list[str]:
    """Return a command line with the address in one parameter, and something in the others that are required."""
    options, places = [], []
    for parameter in command.params:
        value = address if parameter is marked else "1"
        if parameter.param_type_name == "argument":
            places.append(value)
        elif parameter is marked or parameter.required:
            options += [max(parameter.opts, key=len), value]
    return [command.name, *options, "--", *places]


def takes_text(parameter: Any) -> bool:
    return parameter.name != "help" and not getattr(parameter, "is_flag", False)


PARAMETERS = [
    (name, parameter) for name, command in LOADED.items() for parameter in command.params if takes_text(parameter)
]


@pytest.mark.parametrize(("name", "parameter"), PARAMETERS, ids=[f"{name}-{p.name}" for name, p in PARAMETERS])
def test_no_parameter_repeats_a_password(
    name: str, parameter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ADDRESSES.values():
        assert run(arguments(LOADED[name], parameter, address)) == 2
        out, err = capfd.readouterr()
        assert MARK not in out + err
        assert err.startswith("error: ")
        assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_addresses_of_stores_are_taken_with_passwords(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Wherever a store is asked for, also as one of several or in place of a saved model."""
    assert {name for name, parameter in PARAMETERS if parameter.name in STORES} == {
        "status", "report", "compare", "dashboard", "generate", "import", "predict", "ask", "tell", "export", "correct", "withdraw",
        "backup", "migrate",
    }  # fmt: skip
    (tmp_path / "units.csv").write_text("psmiles\n*CC*\n")
    for line in (["compare", ADDRESSES["plain"]], ["predict", ADDRESSES["option"], str(tmp_path / "units.csv")]):
        assert run(line) == 2
        assert "Connection refused" in capfd.readouterr().err


CAMPAIGN = {"name": "x", "objectives": [{"property": "density"}], "stop": {"evaluations": 4}}
MISPLACED: list[dict[str, Any]] = [
    {"name": "{}"}, {"folder": "{}"}, {"store": ["{}"]}, {"store": {"url": "{}"}}, {"{}": 1}, {"seed": "{}"}, {"stop": "{}"},
    {"stop": {"evaluations": "{}"}}, {"cluster": {"kind": "{}"}}, {"cluster": {"kind": "address", "address": "{}"}},
    {"cluster": {"kind": "slurm", "listen": "{}", "tls": "off"}}, {"objectives": [{"property": "{}"}]},
    {"initial": {"kind": "list", "psmiles": ["{}"]}},
    {"cluster": {"kind": "local", "tls": {"ca": "{}", "cert": "{}", "key": "{}"}}}, {"corpus": {"polymers": "{}"}},
    {"simulation": {"preset": "{}"}}, {"generator": {"kind": "neural", "model": "{}"}}, {"objectives": "{}"},
    {"acquisition": {"method": "{}"}},
    {"store": "mysql://ada:" + SECRET + "@h/db", "stop": None}, {"store": "postgresql://ada:" + SECRET + "@h", "stop": None},
]  # fmt: skip


def filled(value: Any, address: str) -> Any:
    if isinstance(value, dict):
        return {filled(key, address): filled(item, address) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, address) for item in value]
    return value.replace("{}", address) if isinstance(value, str) else value


@pytest.mark.parametrize("misplaced", MISPLACED, ids=json.dumps)
def test_no_mistake_in_a_campaign_repeats_a_password(
    misplaced: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "campaign.yaml"
    # The last one is cut before its host where a message shows a value.
    for address in (
        *ADDRESSES.values(),
        f"postgresql://ada:{40 * 'x'}{SECRET}@host/db",
        f"mysql://ada:{34 * 'x'}{SECRET}@h/db",
    ):
        document = CAMPAIGN | filled(misplaced, address)
        path.write_text(json.dumps(document))
        for command in (["validate", str(path)], ["validate", str(path), "--json"]):
            run(command)
            out, err = capfd.readouterr()
            assert MARK not in out + err
        told = refusal(CampaignConfig.model_validate, document)
        assert told is None or MARK not in str(told)
        told = refusal(load_config, path)
        assert told is None or (
            isinstance(told, InvalidConfig) and MARK not in "".join(traceback.format_exception(told))
        )


def refusal(read: Callable[[Any], object], written: object) -> ValueError | None:
    """Return what reading raises; places that take any text raise nothing."""
    try:
        read(written)
    except ValueError as error:
        return error
    return None


def test_text_that_is_no_yaml_is_not_repeated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for text in ("store: {}\n  x: [", "store: '{}\n", "{}: {}: {}", "store: *{}", "store: {}\nstore: {}", "- {}", "{}"):
        (tmp_path / "c.yaml").write_text(text.replace("{}", ADDRESSES["plain"]))
        assert run(["validate", str(tmp_path / "c.yaml")]) == 2
        out, err = capfd.readouterr()
        assert MARK not in out + err


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("way", ["login", "option"])
def test_no_command_on_a_real_server_tells_its_password(
    way: str, tmp_path: Path, postgres_url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Every command that takes a store does its work, on an address with a password; no output, file or table repeats it."""
    caplog.set_level(logging.DEBUG)
    encoded = f"s3cr3t%2D{MARK}"
    address = (
        postgres_url.replace("tester@", f"tester:{encoded}@")
        if way == "login"
        else f"{postgres_url}?password={encoded}"
    )
    config = CampaignConfig.model_validate(
        CAMPAIGN | {"store": address, "folder": str(tmp_path / "run"), "corpus": {"reactions": False}}
    )
    with Campaign(config) as campaign:
        for n in range(2, 6):
            record = campaign.store.propose(
                key=f"*{'C' * n}O*", psmiles=f"*{'C' * n}O*", origin="given", log_prior=None, in_corpus=True, step="initial",
                settings_digest=config.settings_digest(), acquisition=None, predicted={},
            )  # fmt: skip
            measured = (Measurement("density", 0.9 + n / 50, 0.01, "g/cm3", "md-quick-2", {}),)
            campaign.store.finish(record.id, measured, worker="w", wall_s=1.0, diagnostics={}, provenance={})
        texts = [
            repr(campaign),
            campaign._repr_html_(),
            repr(config),
            config.model_dump_json(),
            str(campaign.store.campaign()),
        ]
        texts += [repr(campaign.store.engine), str(campaign.store.engine.url), repr(campaign.store.events())]
    data, units, yaml = (tmp_path / name for name in ("lab.csv", "units.csv", "campaign.yaml"))
    data.write_text("psmiles,density\n*CCOCO*,1.1\n*CCCOCO*,1.05\n")
    units.write_text("psmiles\n*CCCCO*\n")
    yaml.write_text(json.dumps(CAMPAIGN | {"store": address, "folder": str(tmp_path / "run")}))
    out = str(tmp_path / "out")
    lines: list[tuple[int, list[str]]] = [
        (0, ["status", address]),
        (0, ["status", address, "--json"]),
        (0, ["status", str(yaml), "--json"]),
        (0, ["validate", str(yaml), "--json"]),
        (0, ["report", address, "--out", f"{out}.html", "--plots", f"{out}-plots", "--json"]),
        (0, ["import", str(data), address, "--fidelity", "md-x"]),
        (0, ["import", str(data), address, "--fidelity", "md-x", "--replace", "--json"]),
        (0, ["export", address]),
        (0, ["export", address, "--out", f"{out}.json"]),
        (0, ["export", address, "--all", "--out", f"{out}.parquet"]),
        (1, ["ask", address, "--out", f"{out}-asked.csv"]),
        (0, ["run", str(yaml), "--json"]),
        (0, ["predict", address, str(units), "--json"]),
        (0, ["predict", address, str(units), "--out", f"{out}-predicted.csv"]),
        (
            0,
            [
                "correct",
                address,
                "--property",
                "density",
                "--evaluation",
                "1",
                "--value",
                "0.95",
                "--reason",
                "r",
                "--json",
            ],
        ),
        (0, ["withdraw", address, "--evaluation", "2", "--reason", "r", "--json"]),
        (0, ["export", address, "--corrections"]),
        (0, ["backup", address, f"{out}.sqlite", "--json"]),
        (0, ["backup", address, f"{out}2.sqlite"]),
        (0, ["migrate", address, "--json"]),
        (0, ["compare", address, f"{out}.sqlite", "--out", f"{out}-compare.html", "--json"]),
        (0, ["compare", address, f"{out}.sqlite"]),
        (0, ["generate", "--store", address, "--n", "2", "--json"]),
        (2, ["status", address, "--campaign", "other"]),
        (2, ["predict", address, str(units), "--property", "refractive_index"]),
        (2, ["tell", address, str(data)]),
        (2, ["correct", address, "--property", "density", "--evaluation", "9", "--value", "1", "--reason", "r"]),
        (2, ["withdraw", address, "--evaluation", "9", "--reason", "r"]),
        (2, ["import", str(units), address, "--fidelity", "md-x"]),
        (2, ["status", address.replace("designer_", "absent_")]),
        (2, ["backup", address.replace("designer_", "absent_"), f"{out}3.sqlite"]),
        (2, ["compare", address]),
        (2, ["dashboard", address, "--port", "99999"]),
        (2, ["generate", "--store", address, "--target", "nonsense>1"]),
    ]
    for status, line in lines if way == "login" else lines[::6]:
        found = run(line)
        output = "".join(capfd.readouterr())
        assert MARK not in output, line
        assert found == status, (line, output)
    texts += [record.getMessage() for record in caplog.records]
    assert not [text for text in texts if MARK in text]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != yaml]
    assert len(files) >= (10 if way == "login" else 1)
    assert [path.name for path in files if MARK.encode() in path.read_bytes()] == []


@pytest.mark.postgres
def test_a_password_of_the_environment_is_used_and_not_told(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with Campaign(
        CampaignConfig.model_validate(CAMPAIGN | {"store": postgres_url, "folder": str(tmp_path)})
    ) as campaign:
        assert MARK not in str(campaign.store.campaign()) + repr(campaign)
    assert run(["status", postgres_url, "--json"]) == 0
    assert run(["status", postgres_url.replace("designer_", "absent_")]) == 2
    assert MARK not in "".join(capfd.readouterr())

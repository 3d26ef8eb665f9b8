"""Corrections and withdrawals as users specify them: polymers as text, values in any unit."""

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from designer.data.units import conversion
from designer.data.values import checked_stderr, checked_value
from designer.errors import InvalidRequest
from designer.store.corrections import Selection, correct, withdraw
from designer.store.engine import durable
from designer.store.records import CorrectionRecord
from designer.store.reservations import lock_campaign
from designer.store.substances import key_of_label
from designer.store.transactions import Patience, write
from mdcore.chem import InvalidRepeatUnit, RepeatUnit, property_spec

LARGEST_NUMBER = 2**31 - 1
"""Largest integer that every supported database can store."""


def selection_of(
    campaign_id: int | None,
    engine: Engine | None = None,
    evaluation: int | None = None,
    polymer: str | None = None,
    name: str | None = None,
    fidelity: str | None = None,
    source: str | None = None,
    line: int | None = None,
) -> Selection:
    """Return the selection that a user specifies; `engine` resolves the labels of copolymers and liquids.

    Raises:
        InvalidRequest: Nothing is specified, or the polymer is not a valid repeat unit.
        UnknownProperty: The registry has no such property.
    """
    if evaluation is None and polymer is None and source is None:
        raise InvalidRequest("no result is selected; specify a polymer, an evaluation, or the source of known data")
    if line is not None and source is None:
        raise InvalidRequest(f"line {line} needs a source; specify the imported file")
    for what, number in (("evaluation", evaluation), ("line", line)):
        if number is not None and not 0 < number <= LARGEST_NUMBER:
            raise InvalidRequest(f"{what} {number} does not exist; evaluations and lines are numbered from 1")
    try:
        key = None if polymer is None else RepeatUnit.from_psmiles(polymer, elements=None).key
    except InvalidRepeatUnit as error:
        key = None if engine is None or polymer is None else key_of_label(engine, polymer.strip())
        if key is None:
            raise InvalidRequest(str(error)) from error
    chosen = None if name is None else property_spec(name).name
    return Selection(campaign_id, evaluation, key, chosen, fidelity, source, line)


def correct_value(
    engine: Engine,
    selection: Selection,
    value: float | None,
    stderr: float | None,
    *,
    unit: str | None = None,
    reason: str,
    patience: Patience | None = None,
) -> CorrectionRecord:
    """Replace a value in a store, its standard error, or both.

    Args:
        engine: The store.
        selection: Selects one value, including its property.
        value: New value, None to correct the standard error only.
        stderr: New standard error, None to keep the present one.
        unit: Unit of both; that of the registry by default.
        reason: Reason for the record.
        patience: Time to wait for a lock.

    Raises:
        InvalidRequest: The selection matches nothing or several values, or the value is physically impossible.
    """
    _check_reason(reason)
    if selection.property is None:
        raise InvalidRequest("no property is given; specify the one to correct")
    if value is None and stderr is None:
        raise InvalidRequest("neither a value nor a standard error is given; specify at least one")
    spec = property_spec(selection.property)
    unit = unit or spec.unit
    change = conversion(unit, spec.name)

    def new(old_value: float, old_stderr: float) -> tuple[float, float]:
        try:
            code = "withdraw the value instead"
            fresh = (
                old_value
                if value is None
                else checked_value(spec, value, unit, change, "give it with unit {}".format, code)
            )
            return fresh, checked_stderr(spec, old_stderr if stderr is None else change.error(stderr), fresh)
        except ValueError as error:
            raise InvalidRequest(str(error)) from error

    def action(session: Session) -> CorrectionRecord:
        _lock(session, selection)
        return correct(session, selection, new, reason=reason)

    return write(durable(engine), patience or Patience(), action)


def withdraw_results(
    engine: Engine,
    selection: Selection,
    *,
    reason: str,
    again: bool = False,
    everything: bool = False,
    patience: Patience | None = None,
) -> list[CorrectionRecord]:
    """Withdraw results; see `designer.store.corrections.withdraw`.

    Raises:
        InvalidRequest: The selection matches nothing, or several results and `everything` is not set.
        CampaignBusy: A simulation that is to be withdrawn is running.
    """
    _check_reason(reason)

    def action(session: Session) -> list[CorrectionRecord]:
        _lock(session, selection)
        return withdraw(session, selection, reason=reason, again=again, everything=everything)

    return write(durable(engine), patience or Patience(), action)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidRequest("the reason is empty; state it for later readers of the record")


def _lock(session: Session, selection: Selection) -> None:
    if selection.campaign_id is not None:
        lock_campaign(session, selection.campaign_id)

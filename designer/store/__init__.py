"""The store: the authoritative state of campaigns, in SQLite or PostgreSQL."""

from designer.store.imported import ImportedRecord, add_imported, imported_records
from designer.store.opening import create_store, open_store
from designer.store.records import CampaignRecord, EvaluationRecord, EventRecord, PredictedValue
from designer.store.store import CampaignStore, campaign_names

__all__ = [
    "CampaignRecord",
    "CampaignStore",
    "EvaluationRecord",
    "EventRecord",
    "ImportedRecord",
    "PredictedValue",
    "add_imported",
    "campaign_names",
    "create_store",
    "imported_records",
    "open_store",
]

"""Replay of a campaign on known data with several strategies and seeds."""

from designer.backtest.oracle import oracle_of
from designer.backtest.plan import Plan
from designer.backtest.runner import run_plan
from designer.backtest.strategies import BASELINES, strategies_of
from designer.backtest.summary import Summary, summarise

__all__ = ["BASELINES", "Plan", "Summary", "oracle_of", "run_plan", "strategies_of", "summarise"]

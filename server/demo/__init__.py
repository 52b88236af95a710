"""The demonstration county: invented people, a history written for it, and a few consultations under way."""

from server.demo.county import ACCOUNTS_SHOWN, load_demo

__all__ = ["ACCOUNTS_SHOWN", "load_demo"]

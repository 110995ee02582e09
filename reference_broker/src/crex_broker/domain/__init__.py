"""The rules of the exchange as pure functions and data: no storage, no network, no clock."""

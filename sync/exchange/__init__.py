"""The exchange: push and pull in one request (POST /sync/exchange). The wire format stands in docs/sync.md.

messages   what is asked and answered, checked and written down; no I/O
cursor     where a device stands in its feed: texts and bulky documents each at a place of their own
digest     comparing two sets of revisions by buckets of hashes; no I/O
answering  the answer to one request, from a `sync.store.Database`
folding    gzip for answers
endpoint   the HTTP side
device     the device's side: a state machine over plain data; no I/O
client     a small HTTP client for it
"""

"""What everyone can do with a broker's log: keep its tiles, follow, audit, witness and compare it.

Pure: whoever calls passes what reaches the log (source.py). Source: proto/spec/log.md.
"""

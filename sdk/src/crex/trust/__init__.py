"""Trust: keys, envelopes, pinned trust documents, verification, sealing, Merkle trees, identities (trust.md).

Where to begin: `identity.Identity` signs, `directory.TrustDirectory` holds whom one trusts,
`verify.open_envelope` turns an envelope into a `verified.Verified`, the only form that the rest of the SDK
acts on.
"""

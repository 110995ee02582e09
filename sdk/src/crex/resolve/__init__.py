"""From a name to its document, at the place where its authority publishes it (names.md, Resolution).

    document = resolve(Ref.parse("crex://p.example.cn/site/zhongwei-1"), trust, now=now)

`well_known` says where a document lies, `fetch` gets it without being led astray, `resolve` verifies it and
makes sure that it is the one that was asked for.
"""

from crex.resolve.fetch import Fetcher, Via
from crex.resolve.resolver import Resolved, resolve
from crex.resolve.well_known import path_of, url_of

__all__ = ["Fetcher", "Resolved", "Via", "path_of", "resolve", "url_of"]

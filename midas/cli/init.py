"""`midas init DIR`: a workspace of one's own."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from midas.workspace import copy_template


def init(args: Namespace) -> int:
    """Copy the shipped workspace into a new or empty folder."""
    target = Path(args.directory).expanduser().resolve()
    written = [str(path.relative_to(target)) for path in copy_template(target)]
    if args.json:
        print(json.dumps({"workspace": str(target), "files": written}))
    else:
        print(f"{target}: {len(written)} files. Next: cd {args.directory} && midas")
    return 0

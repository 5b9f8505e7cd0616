"""`python -m bench.ingest_once FILE SOURCE`: ingest one file into the bench's installation, in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from xinshu.bootstrap.installation import django_ready


def main(path: Path, source: str) -> None:
    """Ingest the file. The database is at hand already."""
    django_ready()
    from bench.store import AS_OF, PROFILE
    from xinshu.bootstrap.desk import open_desk
    from xinshu.collection.services import receive
    from xinshu.project.environment import read_settings

    desk = open_desk(read_settings(), PROFILE)
    receive(desk, path, item=desk.catalogue["administrative-penalty"], source=source, received_at=AS_OF)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

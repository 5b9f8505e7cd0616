"""`python -m xinshu.cli` is `xinshu`."""

from xinshu.cli import main

main()

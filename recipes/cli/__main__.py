"""`python -m recipes.cli`: the command line without an installed script."""

from . import main

main()

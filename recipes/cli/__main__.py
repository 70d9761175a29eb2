"""`python -m recipes.cli`: the command line without an installed script."""

from recipes.cli import main

main()

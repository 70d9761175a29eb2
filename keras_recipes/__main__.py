"""`python -m keras_recipes`: the command line without an installed script."""

from .recipes.cli import main

main()

"""Other formats of an exported model than a SavedModel, each with its official converter and runtime."""

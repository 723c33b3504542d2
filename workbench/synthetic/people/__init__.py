"""The customers of a block: their personal details, traits, permissions and experiments."""

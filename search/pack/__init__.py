"""The offline pack: what a phone needs to find similar cases without a network (docs/pack.md)."""

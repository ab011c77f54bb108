"""The shared-memory pool: memory, synchronisation, workers, the pool itself."""

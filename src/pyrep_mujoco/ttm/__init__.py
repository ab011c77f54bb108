"""Reader of CoppeliaSim's model and scene files (``.ttm``, ``.ttt``)."""

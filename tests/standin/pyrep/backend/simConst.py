"""Constants of the API, which the stand-in needs none of."""

"""How it is running: how long sales take on their way, and how every shop stands."""

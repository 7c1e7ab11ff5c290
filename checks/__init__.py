"""Asset checks: does the outside agree with us? Checks report findings; they never raise, repair or hide."""

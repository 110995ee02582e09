"""The main job, shown: one sale from this machine to a bill that its buyer recomputed (`python -m demo`)."""
